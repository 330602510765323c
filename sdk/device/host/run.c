#include "host/host.h"

bool ortk_host_image_run(const ortk_host_image *image, const uint32_t groups[3], const void *params,
                         void *const *buffers) {
    ortk_work_item first = {{0, 0, 0}, {0, 0, 0}, {groups[0], groups[1], groups[2]}, 0};
    if (!ortk_work_stacks_take()) return false;
    for (first.group[2] = 0; first.group[2] < groups[2]; first.group[2]++)
        for (first.group[1] = 0; first.group[1] < groups[1]; first.group[1]++)
            for (first.group[0] = 0; first.group[0] < groups[0]; first.group[0]++)
                image->group(params, buffers, &first);
    return true;
}
