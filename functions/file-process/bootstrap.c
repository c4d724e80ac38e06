#include "file_process.h"

#include "functions/function_main.h"
#include "pipelines/load/load.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
    return function_main(argc, argv,
                         &(struct function){.name = "file-process",
                                            .handle = file_process_handle,
                                            .concerns = PIPELINE_LOAD_SETTINGS | SETTINGS_SEARCH});
}
