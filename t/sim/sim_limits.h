/* The API's limits of one request. */
#ifndef SIM_LIMITS_H
#define SIM_LIMITS_H

#define SIM_MAX_TEXT 2000
#define SIM_MAX_URL 2000
#define SIM_MAX_EQUATION 1000
#define SIM_MAX_NAME 100 /* of an option or a file */
#define SIM_MAX_ARRAY 100
#define SIM_MAX_PAGE_SIZE 100

#endif
