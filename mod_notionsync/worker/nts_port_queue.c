/* nts_port_queue.c - asks that wait for their turn. */
#include "worker/nts_port_impl.h"

void nts_asking_queue_clear(nts_asking_queue_t *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

void nts_asking_queue_push(nts_asking_queue_t *queue, nts_asking_t *asking)
{
    asking->next = NULL;
    *queue->last = asking;
    queue->last = &asking->next;
}

void nts_asking_queue_push_front(nts_asking_queue_t *queue, nts_asking_t *asking)
{
    asking->next = queue->first;
    queue->first = asking;
    if (!asking->next) {
        queue->last = &asking->next;
    }
}

nts_asking_t *nts_asking_queue_pop(nts_asking_queue_t *queue)
{
    nts_asking_t *asking = queue->first;

    if (asking) {
        queue->first = asking->next;
        if (!queue->first) {
            queue->last = &queue->first;
        }
    }
    return asking;
}
