/* okl_end.h: included behind each variant of a kernel. On the host it makes a work-group and the variant's record;
 * other compilers have these themselves. No guard: it is included once a variant. */
#if defined(OKL_HOST)
#if OKL_BARRIERS
static void OKL_JOIN(OKL_NAME, _group)(const void *params, void *const *buffers, const ortk_work_item *first) {
    ortk_work_group_run(OKL_JOIN(OKL_NAME, _item), params, buffers, first, GROUP_X, GROUP_Y);
}
#else
static void OKL_JOIN(OKL_NAME, _group)(const void *params, void *const *buffers, const ortk_work_item *first) {
    ortk_work_item self = *first;
    for (self.local[1] = 0; self.local[1] < GROUP_Y; self.local[1]++)
        for (self.local[0] = 0; self.local[0] < GROUP_X; self.local[0]++)
            OKL_JOIN(OKL_NAME, _item)(params, buffers, &self);
}
#endif
extern const ortk_host_image OKL_JOIN(ortk_host_, OKL_NAME);
const ortk_host_image OKL_JOIN(ortk_host_, OKL_NAME) = {OKL_JOIN(OKL_NAME, _group), sizeof(okl_params)};
#endif
