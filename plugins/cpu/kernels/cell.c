#include "kernels/cell.h"

#include "kernels/vmath.h"

ortcpu_cell_fn ORTCPU_FN(ortcpu_lstm_cell), ORTCPU_FN(ortcpu_gru_cell), ORTCPU_FN(ortcpu_gru_reset),
    ORTCPU_FN(ortcpu_rnn_cell);

ORTCPU_INLINE vf activated(const ortcpu_gate *gate, vf x) {
    const float alpha = gate->alpha, beta = gate->beta;
    switch (gate->kind) {
    case ORTCPU_GATE_SIGMOID:
        return vf_sigmoid(x);
    case ORTCPU_GATE_TANH:
        return vf_tanh(x);
    case ORTCPU_GATE_RELU:
        return vf_relu(x);
    case ORTCPU_GATE_AFFINE:
        return x * alpha + beta;
    case ORTCPU_GATE_LEAKY_RELU:
        return vf_select(vf_lt(x, vf_zero()), x * alpha, x);
    case ORTCPU_GATE_THRESHOLDED_RELU:
        return vf_select(vf_lt(x, vf_set1(alpha)), vf_zero(), x);
    case ORTCPU_GATE_SCALED_TANH:
        return vf_tanh(x * beta) * alpha;
    case ORTCPU_GATE_HARD_SIGMOID:
        return vf_max_bound(vf_min_bound(x * alpha + beta, vf_set1(1.0f)), vf_zero());
    case ORTCPU_GATE_ELU:
        return vf_select(vf_lt(x, vf_zero()), vf_expm1(x) * alpha, x);
    case ORTCPU_GATE_SOFTSIGN:
        return x / (vf_abs(x) + 1.0f);
    default:
        return vf_softplus(x);
    }
}

ORTCPU_INLINE vf gate_of(const ortcpu_cell *cell, const ortcpu_gate *gate, vf x) {
    if (cell->has_clip) x = vf_max_bound(vf_min_bound(x, vf_set1(cell->clip)), vf_set1(-cell->clip));
    return activated(gate, x);
}

ORTCPU_INLINE void state_store(const ortcpu_cell_step *s, int64_t at, vf h, int64_t n) {
    vf_store_n(s->h + at, h, n);
    if (s->y) vf_store_n(s->y + at, h, n);
}

#define FOR_UNITS(at, n)                                                                                               \
    for (int64_t at = 0, n = 0; n = cell->hidden - at < VL ? cell->hidden - at : VL, at < cell->hidden; at += VL)

void ORTCPU_FN(ortcpu_lstm_cell)(const ortcpu_cell *cell, const ortcpu_cell_step *s) {
    const int64_t hidden = cell->hidden;
    const float *p = cell->peephole;
    FOR_UNITS(at, n) {
        const float *sums = s->sums + at;
        vf c = vf_load_n(s->c + at, n), i = vf_load_n(sums, n), f = vf_load_n(sums + 2 * hidden, n);
        if (p) i += vf_load_n(p + at, n) * c, f += vf_load_n(p + 2 * hidden + at, n) * c;
        i = gate_of(cell, &cell->f, i);
        f = cell->couples ? 1.0f - i : gate_of(cell, &cell->f, f);
        c = f * c + i * gate_of(cell, &cell->g, vf_load_n(sums + 3 * hidden, n));
        vf o = vf_load_n(sums + hidden, n);
        if (p) o += vf_load_n(p + hidden + at, n) * c;
        vf_store_n(s->c + at, c, n);
        state_store(s, at, gate_of(cell, &cell->f, o) * gate_of(cell, &cell->h, c), n);
    }
}

/* The sum of gate h already holds its product with the reset state, unless that is still to be reset here. */
void ORTCPU_FN(ortcpu_gru_cell)(const ortcpu_cell *cell, const ortcpu_cell_step *s) {
    const int64_t hidden = cell->hidden;
    FOR_UNITS(at, n) {
        const float *sums = s->sums + at, *products = s->products;
        vf z = vf_load_n(sums, n), candidate = vf_load_n(sums + 2 * hidden, n);
        if (products) {
            vf r = vf_load_n(sums + hidden, n) + vf_load_n(products + hidden + at, n);
            z += vf_load_n(products + at, n);
            candidate += gate_of(cell, &cell->f, r) * vf_load_n(products + 2 * hidden + at, n);
        }
        z = gate_of(cell, &cell->f, z);
        candidate = gate_of(cell, &cell->g, candidate);
        state_store(s, at, candidate + z * (vf_load_n(s->h + at, n) - candidate), n);
    }
}

/* y = reset gate * h. */
void ORTCPU_FN(ortcpu_gru_reset)(const ortcpu_cell *cell, const ortcpu_cell_step *s) {
    FOR_UNITS(at, n) {
        vf r = gate_of(cell, &cell->f, vf_load_n(s->sums + cell->hidden + at, n));
        vf_store_n(s->y + at, r * vf_load_n(s->h + at, n), n);
    }
}

void ORTCPU_FN(ortcpu_rnn_cell)(const ortcpu_cell *cell, const ortcpu_cell_step *s) {
    FOR_UNITS(at, n) {
        state_store(s, at, gate_of(cell, &cell->f, vf_load_n(s->sums + at, n)), n);
    }
}
