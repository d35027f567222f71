/* nts_sql_stand_in.c - values that hold a place in a column for a moment (S5.8): NULL where it may be, else something that hardly any
 * row has. Nobody looks for what is free: a value that is taken is refused, and the next one tried. */
#include <string.h>

#include "connector/sql/nts_sql_together.h"

#define TEXTS 4
#define TEXT_LONGEST 32
#define UUID_LENGTH 36

/* Of both signs and of all sizes that types and checks may leave. */
static const char *const numbers[] = { "-2000000011", "-30011", "-101", "2000000011",
                                       "30011",       "113",    "-0.5", "0.5" };
static const char *const days[] = { "1891-03-07", "2291-03-07", "1971-03-07", "2037-03-07" };
static const char *const instants[] = { "1891-03-07T05:06:07Z", "2291-03-07T05:06:07Z",
                                        "1971-03-07T05:06:07Z", "2037-03-07T05:06:07Z" };

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

/* Characters that follow from the intent, which no two writes share. */
static char *scramble(const char *intent, int number, int length, apr_pool_t *p)
{
    apr_uint64_t state = APR_UINT64_C(14695981039346656037) + (apr_uint64_t)number;
    char *text = apr_palloc(p, (apr_size_t)length + 1);
    int i;

    for (; intent && *intent; intent++) {
        state = (state ^ (unsigned char)*intent) * APR_UINT64_C(1099511628211);
    }
    for (i = 0; i < length; i++) {
        state = state * APR_UINT64_C(6364136223846793005) + APR_UINT64_C(1442695040888963407);
        text[i] = "0123456789abcdef"[state >> 60];
    }
    text[length] = '\0';
    return text;
}

/* The first one is a UUID as well, in case the column takes nothing else. */
static nts_value_t text_of(const nts_sql_session_t *s, const nts_sql_column_t *column, int number)
{
    int room = column->type.max_length ? column->type.max_length : UUID_LENGTH;
    char *text;

    if (number == 0 && room >= UUID_LENGTH) {
        text = scramble(s->ask->intent, number, UUID_LENGTH, s->ptemp);
        text[8] = text[13] = text[18] = text[23] = '-';
        text[14] = '4';
        text[19] = '8';
        return nts_value_text(text);
    }
    return nts_value_text(
        scramble(s->ask->intent, number, room < TEXT_LONGEST ? room : TEXT_LONGEST, s->ptemp));
}

/* Zero: there are no more of that type. */
static int value_of(nts_value_t *value, const nts_sql_session_t *s, const nts_sql_column_t *column,
                    int number)
{
    switch (column->type.kind) {
    case NTS_TYPE_TEXT:
        *value = text_of(s, column, number);
        return number < TEXTS;
    case NTS_TYPE_NUMBER:
        return number < COUNT(numbers) &&
               nts_value_number(value, numbers[number], s->ptemp) == APR_SUCCESS;
    case NTS_TYPE_DAY:
        return number < COUNT(days) &&
               nts_value_date(value, days[number], NULL, s->ptemp) == APR_SUCCESS;
    case NTS_TYPE_INSTANT:
        return number < COUNT(instants) &&
               nts_value_date(value, instants[number], NULL, s->ptemp) == APR_SUCCESS;
    default: /* of a truth and of choices all may be taken */
        return 0;
    }
}

int nts_sql_stand_in(nts_sql_cell_t *cell, int number, nts_sql_session_t *s,
                     const nts_sql_column_t *column)
{
    const char *problem;
    nts_value_t value;

    if (!column->not_null) {
        if (number == 0) {
            *cell = nts_sql_cell_null();
            return 1;
        }
        number--;
    }
    return value_of(&value, s, column, number) &&
           nts_sql_cell(cell, column, &value, NULL, NULL, &problem, s->ptemp) == APR_SUCCESS;
}
