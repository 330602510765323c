/* kernels/panel.h: weights into panels: NR columns wide, the last VL where that is enough, units of k in rows. Private
 * to this folder. */
#ifndef ORTCPU_KERNELS_PANEL_H
#define ORTCPU_KERNELS_PANEL_H

#include "kernels/element.h"
#include "kernels/micro.h"

#if defined(ORTCPU_BF16)

enum { PANEL_RUN = 256 }; /* elements of a column that are rounded at once */

/* Columns whose elements are adjacent: rounded as runs, then moved as units. */
static void panel_transpose(const float *b, int64_t col_stride, int64_t k, int64_t n, float *out, int64_t width) {
    float runs[NR * PANEL_RUN / ORTCPU_UNIT];
    for (int64_t k0 = 0; k0 < k; k0 += PANEL_RUN) {
        int64_t depth = k - k0 < PANEL_RUN ? k - k0 : PANEL_RUN;
        for (int64_t j = 0; j < n; j++)
            ortcpu_units_copy(b + j * col_stride + k0, depth, runs + j * (PANEL_RUN / ORTCPU_UNIT));
        ortcpu_transpose(n, ortcpu_units(depth), runs, PANEL_RUN / ORTCPU_UNIT, out + k0 / ORTCPU_UNIT * width, width);
    }
}

/* Two elements of a column, zero past its end, as a unit in memory. */
static void panel_pair(const float *b, int64_t row_stride, bool has_odd, float *out) {
    float pair[2] = {b[0], has_odd ? b[row_stride] : 0.0f};
    ortcpu_units_copy(pair, 2, out);
}

/* n columns, at most NR, of k rows. */
static void ortcpu_panel_pack(const float *b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
                              float *out) {
    int64_t width = ortcpu_panel_width(n);
    if (n < width) memset(out, 0, (size_t)(ortcpu_units(k) * width) * sizeof(float));
    if (row_stride == 1 && col_stride != 1) {
        panel_transpose(b, col_stride, k, n, out, width);
        return;
    }
    for (int64_t i = 0; i < k; i += 2, b += 2 * row_stride, out += width) {
        if (col_stride != 1) {
            for (int64_t j = 0; j < n; j++) panel_pair(b + j * col_stride, row_stride, i + 1 < k, out + j);
            continue;
        }
        for (int64_t j = 0; j < n; j += VL) {
            int64_t lanes = n - j < VL ? n - j : VL;
            vf even = vf_load_n(b + j, lanes), odd = i + 1 < k ? vf_load_n(b + row_stride + j, lanes) : vf_zero();
            vf_store_n(out + j, ortcpu_units_pair(even, odd), lanes);
        }
    }
}

#else

/* n columns, at most NR, of k rows. */
static void ortcpu_panel_pack(const float *b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
                              float *out) {
    int64_t width = ortcpu_panel_width(n);
    if (n < width) memset(out, 0, (size_t)(k * width) * sizeof(float));
    if (col_stride == 1) {
        for (int64_t i = 0; i < k; i++, b += row_stride, out += width) {
            if (n == NR)
                vf_store(out, vf_load(b)), vf_store(out + VL, vf_load(b + VL));
            else
                memcpy(out, b, (size_t)n * sizeof(float));
        }
    } else if (row_stride == 1) {
        ortcpu_transpose(n, k, b, col_stride, out, width);
    } else {
        for (int64_t i = 0; i < k; i++)
            for (int64_t j = 0; j < n; j++) out[i * width + j] = b[i * row_stride + j * col_stride];
    }
}

#endif

#endif
