/* Functions that this project never calls: each has a safer counterpart in base. Included last. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#undef alloca /* a macro cannot be poisoned */

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets
#pragma GCC poison strtok strtok_r atoi atol atoll atof sscanf
#pragma GCC poison gmtime localtime ctime asctime tmpnam mktemp rand srand alloca system popen

#endif
