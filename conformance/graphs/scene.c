#include "graphs/scene.h"

ortc_answer ortc_scene_run(const ortc_scene *scene, ort_session *session, int64_t count, uint32_t seed,
                           const ort_run_options *options) {
    ortc_answer answer = {.outcome = ORTC_RIGHT};
    ort_tensor *x = NULL, *y = NULL;
    float *want = malloc((size_t)count * sizeof *want + 1);
    ort_status *status = ort_tensor_create(ORT_DTYPE_F32, &count, 1, &x);
    if (!status) {
        ortc_chain_fill(ort_tensor_data(x), count, seed);
        status = ort_session_run(session, &x, 1, &y, 1, options);
    }
    if (status || !want) {
        answer.outcome = ORTC_REFUSED;
        answer.code = status ? ort_status_code(status) : ORT_CODE_OUT_OF_MEMORY;
        snprintf(answer.text, sizeof answer.text, "%s: %s", ort_code_name(answer.code), ort_status_message(status));
    } else {
        ortc_chain_answer(scene->chain, ort_tensor_data_const(x), want, count);
        const float *got = ort_tensor_data_const(y);
        for (int64_t i = 0; i < count && answer.outcome == ORTC_RIGHT; i++) {
            if (got[i] == want[i]) continue;
            answer.outcome = ORTC_WRONG;
            snprintf(answer.text, sizeof answer.text, "chain '%s': element %lld of %lld is %.9g, not %.9g",
                     scene->chain->name, (long long)i, (long long)count, (double)got[i], (double)want[i]);
        }
    }
    ort_status_destroy(status);
    ort_tensor_release(x);
    ort_tensor_release(y);
    free(want);
    return answer;
}

bool ortc_scene_expect(ortc_scene *scene, const char *rule, const char *what, int64_t count, uint32_t seed) {
    ortc_answer answer = ortc_scene_run(scene, scene->session, count, seed, NULL);
    if (answer.outcome != ORTC_RIGHT) ortc_fail(scene->context, rule, "%s: %s", what, answer.text);
    return answer.outcome == ORTC_RIGHT;
}

ort_status *ortc_scene_begin(ortc_scene *scene) {
    ort_environment *environment = scene->rig.environments[0];
    ort_status *status = ort_model_load_bytes(environment, scene->bytes.data, scene->bytes.size, NULL,
                                              scene->rig.options, &scene->model);
    if (status) return status;
    return ort_session_create(environment, scene->model, scene->rig.options, &scene->session);
}

void ortc_scene_end(ortc_scene *scene) {
    ort_session_destroy(scene->session);
    ort_model_destroy(scene->model);
    scene->session = NULL;
    scene->model = NULL;
}

/* False: not this one. */
static bool chain_try(ortc_scene *scene, const ortc_chain *chain) {
    scene->chain = chain;
    ortc_chain_write(chain, 1, -1, &scene->bytes);
    ort_status *status = ortc_scene_begin(scene);
    if (!status) return true;
    ort_code code = ort_status_code(status);
    if (code != ORT_CODE_UNSUPPORTED) ortc_is_good(scene->context, "claim.compiles", chain->name, status);
    if (code == ORT_CODE_UNSUPPORTED) ort_status_destroy(status);
    ortc_scene_end(scene);
    free(scene->bytes.data);
    scene->bytes = (onnx_bytes){0};
    return false;
}

bool ortc_scene_open(ortc_context *context, uint32_t watch_flags, uint32_t thread_count, ortc_scene *out) {
    uint32_t chain_count = 0;
    const ortc_chain *chains = ortc_chains(&chain_count);
    *out = (ortc_scene){.context = context};
    if (!ortc_rig_open(context, watch_flags, &out->rig)) return false;
    if (!ortc_is_good(context, "device.facts", "options", ort_options_set(out->rig.options, "fallback", "error")))
        return false;
    if (!ortc_rig_environment(&out->rig, 0, thread_count)) return false;
    for (uint32_t i = 0; i < chain_count && !out->session && context->verdict == ORTC_PASSED; i++)
        chain_try(out, &chains[i]);
    if (!out->session) return ortc_decline(context, "none of the chains is taken whole"), false;
    if (!ortc_scene_expect(out, "run.correct", "the chain alone", 64, 1)) return false;
    if (ortc_watch_count(out->rig.watch).runs) return true;
    ortc_decline(context, "the chain did not run on the provider");
    return false;
}

void ortc_scene_close(ortc_scene *scene) {
    ortc_scene_end(scene);
    free(scene->bytes.data);
    ortc_rig_close(&scene->rig);
}
