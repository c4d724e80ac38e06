/* What the main of both functions has in common. */
#ifndef FUNCTIONS_FUNCTION_MAIN_H
#define FUNCTIONS_FUNCTION_MAIN_H

#include "runtime/lambda_loop.h"

struct function {
    const char *name;
    lambda_handler *handle; /* its state is a struct services */
    unsigned concerns;      /* whose settings it needs: services/settings.h */
};

/* Runs the function; `--version` prints what it is made of. */
int function_main(int argc, char **argv, const struct function *function);

#endif
