#include "file_process.h"

#include "functions/function_main.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
    return function_main(argc, argv, "file-process", file_process_handle);
}
