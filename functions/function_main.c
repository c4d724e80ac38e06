#include "functions/function_main.h"

#include "layers/native/native.h"
#include "services/services.h"

#include <stdio.h>

#if __has_include("native_versions.h")
#include "native_versions.h"
#else
#define NATIVE_VERSIONS "the shared libraries of this machine"
#endif

#include "base/banned.h"

static int init(void *state, struct error *err)
{
    struct services *services = state;
    return services_init(services, err);
}

static void release(void *state)
{
    services_release(state);
}

int function_main(int argc, char **argv, const struct function *function)
{
    static struct services services;
    native_stand_alone();
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("%s, with %s\n", function->name, NATIVE_VERSIONS);
        return 0;
    }
    services.name = function->name;
    services.concerns = function->concerns;
    return lambda_main(&(struct lambda_function){
        .handle = function->handle, .init = init, .release = release, .state = &services});
}
