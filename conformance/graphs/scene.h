/* graphs/scene.h: a chain that the subject takes, ready to run, for levels 5 and 6. */
#ifndef ORTC_GRAPHS_SCENE_H
#define ORTC_GRAPHS_SCENE_H

#include "graphs/chain.h"
#include "graphs/rig.h"

typedef struct ortc_scene {
    ortc_context *context;
    ortc_rig rig;
    const ortc_chain *chain;
    onnx_bytes bytes; /* the chain with a free size */
    ort_model *model;
    ort_session *session;
} ortc_scene;

/* Finds the first chain that runs on the subject alone, nobody helping. False: declined, or failed; the context says
 * which. Close it either way. */
bool ortc_scene_open(ortc_context *context, uint32_t watch_flags, uint32_t thread_count, ortc_scene *out);
void ortc_scene_close(ortc_scene *scene);
/* Model and session only, in environments[0]: for checks that make the environment themselves. */
ort_status *ortc_scene_begin(ortc_scene *scene);
void ortc_scene_end(ortc_scene *scene);

typedef enum ortc_outcome { ORTC_RIGHT, ORTC_WRONG, ORTC_REFUSED } ortc_outcome;
typedef struct ortc_answer {
    ortc_outcome outcome;
    ort_code code; /* of a refusal */
    char text[300];
} ortc_answer;
/* Runs the chain on `count` numbers of a seed. threads: any, also on one session. */
ortc_answer ortc_scene_run(const ortc_scene *scene, ort_session *session, int64_t count, uint32_t seed,
                           const ort_run_options *options);
/* Runs it in the scene's session; what is not right breaks `rule`. */
bool ortc_scene_expect(ortc_scene *scene, const char *rule, const char *what, int64_t count, uint32_t seed);

#endif
