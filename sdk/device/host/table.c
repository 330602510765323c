#include "host/host.h"

#include <stddef.h>

#define V(name, kernel, macros, x, y, inputs, outputs) extern const ortk_host_image ortk_host_##name;
#include "variants/variants.def"
#undef V

#define V(name, kernel, macros, x, y, inputs, outputs) &ortk_host_##name,
static const ortk_host_image *const images[] = {
#include "variants/variants.def"
};

const ortk_host_image *ortk_host_image_find(uint32_t variant) {
    return variant < sizeof images / sizeof images[0] ? images[variant] : NULL;
}
