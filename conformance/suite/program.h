/* suite/program.h: which rooms judge what. The rooms need the suite's words and the suite runs the
 * rooms' checks, so their tables are handed in from above (suite/levels.c) and no two libraries need each other. */
#ifndef ORTC_SUITE_PROGRAM_H
#define ORTC_SUITE_PROGRAM_H

#include "suite/suite.h"

typedef struct ortc_levels {
    ortc_checks tables[16];
    uint32_t table_count;
    void (*run_folder)(ortc_context *context);
    void (*run_graph)(ortc_context *context); /* folders of level 4; NULL: run_folder */
    bool (*fits)(const ortc_subject *subject, char *text, uint64_t text_bytes); /* NULL: not asked */
    ortc_process *(*look)(void);
    void (*compare)(ortc_context *context, ortc_process *before, bool is_open);
    void (*finish)(ortc_context *context); /* of what the runner of folders kept from case to case; NULL: nothing */
} ortc_levels;

ortc_levels ortc_levels_built(void);

/* The whole program: the exit code. */
int ortc_program_run(const ortc_levels *levels, int argc, char **argv);

#endif
