/* hello.c: the smallest complete program: a model, one input of zeros, one output of float32. Usage: hello MODEL */
#include <ort/ort.h>
#include <stdio.h>

int main(int argc, char **argv) {
    ort_environment *environment = NULL;
    ort_model *model = NULL;
    ort_session *session = NULL;
    ort_tensor *input = NULL, *output = NULL;
    ort_value_info info = ORT_INIT(ort_value_info);
    int64_t dims[32] = {0};
    ort_status *status = ort_environment_create(NULL, NULL, NULL, &environment);
    if (!status) status = ort_model_load(environment, argc > 1 ? argv[1] : "model.onnx", NULL, &model);
    if (!status) status = ort_session_create(environment, model, NULL, &session);
    if (!status) status = ort_session_input(session, 0, &info);
    for (uint32_t i = 0; i < info.rank; i++) dims[i] = info.dims[i] < 0 ? 1 : info.dims[i]; /* -1: any size will do */
    if (!status) status = ort_tensor_create(info.dtype, dims, info.rank, &input);
    if (!status) status = ort_session_run(session, &input, 1, &output, 1, NULL);
    if (status) fprintf(stderr, "hello: %s\n", ort_status_message(status));
    if (!status)
        printf("%lld elements, the first is %g\n", (long long)ort_tensor_element_count(output),
               (double)*(const float *)ort_tensor_data_const(output));
    ort_tensor_release(output);
    ort_tensor_release(input);
    ort_session_destroy(session);
    ort_model_destroy(model);
    ort_environment_destroy(environment);
    return status ? (ort_status_destroy(status), 1) : 0;
}
