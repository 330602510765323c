/* libFuzzer: any bytes are a value of each type or an error, in bounded time and memory, without a leak. */
#include "load/tensor_file.h"

#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char path[64];
    snprintf(path, sizeof path, "/tmp/ort-value-fuzz-%ld.pb", (long)getpid());
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    fwrite(data, 1, size, file);
    fclose(file);
    for (int type = ORTI_TYPE_TENSOR; type <= ORTI_TYPE_MAP; type++) {
        orti_datum *datum = NULL;
        ort_status_destroy(orti_datum_load_pb(orti_allocator_default(), path, (orti_value_type)type, &datum));
        orti_datum_release(datum);
    }
    unlink(path);
    return 0;
}
