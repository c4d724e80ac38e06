/* What the main of both functions has in common. */
#ifndef FUNCTIONS_FUNCTION_MAIN_H
#define FUNCTIONS_FUNCTION_MAIN_H

#include "runtime/lambda_loop.h"

/* Runs the function with a struct services as its state; `--version` prints what it is made of. */
int function_main(int argc, char **argv, const char *name, lambda_handler *handle);

#endif
