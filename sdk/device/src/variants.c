#include "ort/sdk/device.h"

#include <string.h>

#define V(name, kernel, macros, x, y, inputs, outputs) {#name, kernel, macros, x, y, inputs, outputs},
static const ortk_variant variants[] = {
#include "variants/variants.def"
};

uint32_t ortk_variant_count(void) {
    return sizeof variants / sizeof variants[0];
}

const ortk_variant *ortk_variant_at(uint32_t index) {
    return index < ortk_variant_count() ? &variants[index] : NULL;
}

uint32_t ortk_variant_find(const char *name) {
    uint32_t low = 0, high = ortk_variant_count();
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = strcmp(variants[middle].name, name);
        if (order == 0) return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return UINT32_MAX;
}
