/* passes/raise.h: one step of raising a node from the last version of one meaning to the first of the next.
 * Inside this room only.  Start at: orti_raise_steps. */
#ifndef ORT_CORE_PASSES_RAISE_H
#define ORT_CORE_PASSES_RAISE_H

#include "passes/pass.h"

typedef struct orti_raise {
    orti_graph *graph;
    orti_node_id id;
    orti_node *node;
} orti_raise;

/* A node of `op_type` older than `version` becomes one that means the same there. */
typedef struct orti_raise_step {
    const char *op_type;
    int32_t version;
    ort_status *(*run)(const orti_raise *raise);
    bool looks_at_input; /* its type and rank: raised when they are known, or at last without */
} orti_raise_step;

extern const orti_raise_step orti_raise_steps[];
extern const uint32_t orti_raise_step_count;

#endif
