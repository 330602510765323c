/* file_type.c: what kind of file is this? Google's file-type model "magika" on its own input: bytes in, a label out.
 * Usage: file_type MODEL LABELS FILE, where LABELS has one label a line, in the order of the model's output.
 * The model reads the first 1,024 bytes behind leading white space and the last 1,024 before trailing white space of a
 * block of 4,096 bytes each; what is missing is the number 256. */
#include <ctype.h>
#include <ort/ort.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = 4096, HALF = 1024, PADDING = 256 };

/* Fills 2,048 numbers from the file's two ends. */
static int read_features(const char *path, int32_t *features) {
    unsigned char block[BLOCK];
    FILE *file = fopen(path, "rb");
    if (!file) return 0;
    for (int i = 0; i < 2 * HALF; i++) features[i] = PADDING;
    size_t length = fread(block, 1, BLOCK, file), begin = 0;
    while (begin < length && isspace(block[begin])) begin++;
    for (size_t i = begin; i < length && i < begin + HALF; i++) features[i - begin] = block[i];
    if (fseek(file, -BLOCK, SEEK_END) == 0) length = fread(block, 1, BLOCK, file);
    while (length && isspace(block[length - 1])) length--;
    for (size_t i = 1; i <= length && i <= HALF; i++) features[2 * HALF - i] = block[length - i];
    return fclose(file) == 0;
}

/* Copies line `number` of the file. */
static void read_label(const char *path, int number, char *label, int size) {
    FILE *file = fopen(path, "r");
    for (int i = 0; file && i <= number && fgets(label, size, file); i++) continue;
    label[strcspn(label, "\n")] = 0;
    if (file) fclose(file);
}

static double now_us(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: file_type MODEL LABELS FILE\n"), 2;
    static int32_t features[2 * HALF];
    if (!read_features(argv[3], features)) return fprintf(stderr, "file_type: %s: can't be read\n", argv[3]), 2;
    const int64_t dims[] = {1, 2 * HALF};
    ort_environment *environment = NULL;
    ort_model *model = NULL;
    ort_session *session = NULL;
    ort_binding *binding = NULL;
    ort_tensor *bytes = NULL;
    char *placement = NULL, label[128] = "?";
    double best_us = 1e300;
    ort_status *status = ort_environment_create(NULL, NULL, NULL, &environment);
    if (!status) status = ort_model_load(environment, argv[1], NULL, &model);
    if (!status) status = ort_session_create(environment, model, NULL, &session);
    if (!status) status = ort_tensor_wrap(ORT_DTYPE_I32, dims, 2, features, sizeof features, &bytes);
    if (!status) status = ort_binding_create(session, &binding);
    if (!status) status = ort_binding_set_input(binding, 0, bytes);
    for (int i = 0; !status && i < 20; i++) {
        double begin_us = now_us();
        status = ort_binding_run(binding, NULL);
        double took_us = now_us() - begin_us;
        if (took_us < best_us) best_us = took_us;
    }
    if (!status) status = ort_session_placement_text(session, &placement);
    if (!status) {
        const ort_tensor *scores = ort_binding_output(binding, 0);
        const float *score = ort_tensor_data_const(scores);
        int best = 0;
        for (int i = 1; i < ort_tensor_element_count(scores); i++)
            if (score[i] > score[best]) best = i;
        read_label(argv[2], best, label, sizeof label);
        printf("placement:\n%s\n%s is %s (%.1f %%), in %.0f us\n", placement, argv[3], label, (double)score[best] * 100,
               best_us);
    }
    if (status) fprintf(stderr, "file_type: %s\n", ort_status_message(status));
    ort_string_destroy(placement);
    ort_binding_destroy(binding);
    ort_tensor_release(bytes);
    ort_session_destroy(session);
    ort_model_destroy(model);
    ort_environment_destroy(environment);
    return status ? (ort_status_destroy(status), 1) : 0;
}
