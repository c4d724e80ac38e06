#include "file_process_logging.h"

#include "functions/function_main.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
    return function_main(argc, argv, "file-process-logging", file_process_logging_handle);
}
