#include "suite/program.h"

int main(int argc, char **argv) {
    const ortc_levels levels = ortc_levels_built();
    return ortc_program_run(&levels, argc, argv);
}
