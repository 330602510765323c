#include "ops/infer_check.h"

/* The plan pass: %y's dims for a float32 input 0 of these dims; the other inputs' shapes are declared in numbers. */
static void check_plan(const char *statements, const int64_t *dims, uint32_t rank, const int64_t *want,
                       uint32_t want_rank) {
    orti_graph *graph = bound(statements);
    orti_facts *facts = NULL;
    orti_fact inputs[3] = {{.dtype = ORT_DTYPE_F32, .has_shape = true, .rank = rank}};
    uint32_t input_count = orti_graph_input_count(graph);
    memcpy(inputs[0].dims, dims, rank * sizeof *dims);
    for (uint32_t k = 1; k < input_count; k++) {
        const orti_value *value = orti_graph_value(graph, orti_graph_input(graph, k));
        inputs[k] = (orti_fact){.dtype = value->dtype, .has_shape = true, .rank = value->rank};
        memcpy(inputs[k].dims, value->dims, value->rank * sizeof *value->dims);
    }
    CHECK_OK(orti_infer_graph(graph));
    CHECK_OK(orti_facts_create(graph, inputs, input_count, &facts));
    const orti_fact *fact = orti_facts_get(facts, orti_graph_find_value(graph, "y"));
    CHECK(fact->has_shape && fact->rank == want_rank, "rank %u", fact->rank);
    for (uint32_t i = 0; i < want_rank; i++)
        CHECK(fact->dims[i] == want[i], "axis %u: %lld, want %lld", i, (long long)fact->dims[i], (long long)want[i]);
    orti_facts_destroy(facts);
    orti_graph_destroy(graph);
}

#define DIMS(...) (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

ORT_TEST(infer_networks, conv) {
    check_shapes("input %x : float32[b,3,224,h] input %w : float32[64,3,7,7]"
                 "%y = Conv (%x, %w) {strides = [2, 2], pads = [3, 3, 3, 3]}",
                 "float32[b,64,112,floor((h + 1)/2)]", NULL);
    check_shapes("input %x : float32[b,4,10] input %w : float32[6,2,3]"
                 "%y = Conv (%x, %w) {dilations = [2], group = 2}",
                 "float32[b,6,6]", NULL);
    check_shapes("input %x : float32[1,3,9,9] input %w : float32[8,3,3,3]"
                 "%y = Conv (%x, %w) {auto_pad = \"SAME_LOWER\", strides = [2, 4]}",
                 "float32[1,8,5,3]", NULL);
    check_plan("input %x : float32[b,3,h,w] input %w : float32[8,3,3,3] %y = Conv (%x, %w) {pads = [1, 0, 0, 0]}",
               DIMS(2, 3, 8, 8), DIMS(2, 8, 7, 6));
}

ORT_TEST(infer_networks, conv_refuses_what_does_not_fit) {
    check_refuses("input %x : float32[1,3,8,8] input %w : float32[8,4,3,3] %y = Conv (%x, %w)", "channels differ: 3");
    check_refuses("input %x : float32[1,3,8,8] input %w : float32[8,3,3] %y = Conv (%x, %w)", "rank 3");
    check_refuses("input %x : float32[1,3,2,8] input %w : float32[8,3,3,3] %y = Conv (%x, %w)", "spans 3");
    check_refuses("input %x : float32[1,3,8,8] input %w : float32[8,3,3,3] %y = Conv (%x, %w) {strides = [0, 1]}",
                  "'strides'");
    check_refuses("input %x : float32[1,3,8,8] input %w : float32[8,3,3,3] %y = Conv (%x, %w) {dilations = [1]}",
                  "'dilations'");
    check_refuses("input %x : float32[1,3,8,8] input %w : float32[8,3,3,3] %y = Conv (%x, %w) {auto_pad = \"ODD\"}",
                  "'ODD'");
    check_refuses("input %x : float32[1,4,8,8] input %w : float32[7,2,3,3] %y = Conv (%x, %w) {group = 2}",
                  "not divisible");
    check_refuses("input %x : float32[1,4,8,8] input %w : float32[7,4,3,3] %y = Conv (%x, %w) {group = 0}", "'group'");
    check_refuses("input %x : float32[1,3,8,8] input %w : float32[8,3,3,3] input %c : float32[7]"
                  "%y = Conv (%x, %w, %c)",
                  "bias");
}

ORT_TEST(infer_networks, conv_transpose) {
    check_shapes("input %x : float32[b,8,h,5] input %w : float32[8,2,4,4]"
                 "%y = ConvTranspose (%x, %w) {strides = [2, 2], pads = [1, 1, 1, 1], group = 2}",
                 "float32[b,4,h*2,10]", NULL);
    check_shapes("input %x : float32[1,8,5] input %w : float32[8,2,3]"
                 "%y = ConvTranspose (%x, %w) {strides = [2], output_padding = [1]}",
                 "float32[1,2,12]", NULL);
    check_shapes("input %x : float32[1,8,5] input %w : float32[8,2,3]"
                 "%y = ConvTranspose (%x, %w) {strides = [2], output_shape = [10]}",
                 "float32[1,2,10]", NULL);
    check_refuses("input %x : float32[1,8,5] input %w : float32[9,2,3] %y = ConvTranspose (%x, %w)", "channels differ");
}

ORT_TEST(infer_networks, pools) {
    check_shapes("input %x : float32[b,3,7,7] %y, %z = MaxPool (%x) {kernel_shape = [2, 3], strides = [2, 2]}",
                 "float32[b,3,3,3]", "int64[b,3,3,3]");
    check_shapes("input %x : float32[b,3,7] %y = MaxPool (%x) {kernel_shape = [2], strides = [2], ceil_mode = 1}",
                 "float32[b,3,4]", NULL);
    /* The third window would start behind the input and its front padding. */
    check_shapes("input %x : float32[b,3,4]"
                 "%y = AveragePool (%x) {kernel_shape = [1], strides = [2], ceil_mode = 1}",
                 "float32[b,3,2]", NULL);
    check_shapes("input %x : float32[b,3,9] %y = LpPool (%x) {kernel_shape = [3], dilations = [3]}", "float32[b,3,3]",
                 NULL);
    check_shapes("input %x : float32[b,3,n] %y = AveragePool (%x) {kernel_shape = [3], auto_pad = \"SAME_UPPER\"}",
                 "float32[b,3,n]", NULL);
    check_shapes("input %x : float32[b,3,n,m] %y = GlobalAveragePool (%x)", "float32[b,3,1,1]", NULL);
    check_plan("input %x : float32[b,3,n] %y = MaxPool (%x) {kernel_shape = [1], strides = [2], ceil_mode = 1}",
               DIMS(1, 3, 4), DIMS(1, 3, 2));
    check_refuses("input %x : float32[b,3,2] %y = MaxPool (%x) {kernel_shape = [3]}", "spans 3");
    check_refuses("input %x : float32[b,3,9] %y = MaxPool (%x) {kernel_shape = [3, 3]}", "'kernel_shape'");
}

ORT_TEST(infer_networks, products) {
    check_shapes("input %x : float32[b,1,n,8] input %w : float32[5,8,3] %y = MatMul (%x, %w)", "float32[b,5,n,3]",
                 NULL);
    check_shapes("input %x : float32[8] input %w : float32[5,8,3] %y = MatMul (%x, %w)", "float32[5,3]", NULL);
    check_shapes("input %x : float32[4,8] input %w : float32[8] %y = MatMul (%x, %w)", "float32[4]", NULL);
    check_shapes("input %x : float32[8] input %w : float32[8] %y = MatMul (%x, %w)", "float32[]", NULL);
    check_shapes("input %x : float32[8,b] input %w : float32[3,8] input %c : float32[3]"
                 "%y = Gemm (%x, %w, %c) {transA = 1, transB = 1}",
                 "float32[b,3]", NULL);
    check_plan("input %x : float32[b,8] input %w : float32[8,3] %y = Gemm (%x, %w)", DIMS(6, 8), DIMS(6, 3));
    check_refuses("input %x : float32[4,8] input %w : float32[7,3] %y = MatMul (%x, %w)", "8 in input 0, 7 in input 1");
    check_refuses("input %x : float32[4,8] input %w : float32[3,7] %y = Gemm (%x, %w) {transB = 1}", "inner sizes");
    check_refuses("input %x : float32[4,8] input %w : float32[8,3] input %c : float32[4]"
                  "%y = Gemm (%x, %w, %c)",
                  "broadcast");
    check_refuses("input %x : float32[] input %w : float32[8] %y = MatMul (%x, %w)", "scalar");
}

ORT_TEST(infer_networks, resize) {
    check_shapes("input %x : float32[b,3,h,10] const %s : float32[4] = {1.0, 1.0, 2.0, 0.75}"
                 "%y = Resize (%x, _, %s)",
                 "float32[b,3,h*2,7]", NULL);
    check_shapes("input %x : float32[b,3,h,10] const %s : float32[2] = {0.5, 0.33333334}"
                 "%y = Resize (%x, _, %s) {axes = [2, -1]}",
                 "float32[b,3,floor(h/2),3]", NULL);
    check_shapes("input %x : float32[b,3,8,10] const %n : int64[4] = {1, 3, 20, 5} const %s : float32[0] = {}"
                 "%y = Resize (%x, _, %s, %n)",
                 "float32[1,3,20,5]", NULL);
    check_shapes("input %x : float32[b,3,8,10] const %n : int64[2] = {16, 15}"
                 "%y = Resize (%x, _, _, %n) {axes = [2, 3], keep_aspect_ratio_policy = \"not_larger\"}",
                 "float32[b,3,12,15]", NULL);
    check_shapes("input %x : float32[b,3,8,10] const %n : int64[2] = {16, 15}"
                 "%y = Resize (%x, _, _, %n) {axes = [2, 3], keep_aspect_ratio_policy = \"not_smaller\"}",
                 "float32[b,3,16,20]", NULL);
    check_plan("input %x : float32[b,3,h] const %s : float32[3] = {1.0, 1.0, 1.7} %y = Resize (%x, _, %s)",
               DIMS(1, 3, 7), DIMS(1, 3, 11));
    check_refuses("input %x : float32[1,3] const %s : float32[1] = {1.0} %y = Resize (%x, _, %s)", "2 axes");
    check_refuses("input %x : float32[1,3] const %s : float32[2] = {1.0, -1.0} %y = Resize (%x, _, %s)", "above 0");
    check_refuses("input %x : float32[1,3] %y = Resize (%x)", "neither");
}

ORT_TEST(infer_networks, reductions) {
    check_shapes("input %x : float32[b,3,n] const %a : int64[1] = {-1} %y = ReduceMean (%x, %a)", "float32[b,3,1]",
                 NULL);
    check_shapes("input %x : float32[b,3,n] const %a : int64[2] = {0, 2} %y = ReduceMax (%x, %a) {keepdims = 0}",
                 "float32[3]", NULL);
    check_shapes("input %x : float32[b,3,n] %y = ReduceSum (%x) {keepdims = 0}", "float32[]", NULL);
    check_shapes("input %x : float32[b,3,n] %y = ReduceSum (%x) {noop_with_empty_axes = 1}", "float32[b,3,n]", NULL);
    check_shapes("input %x : float32[b,3,n] %y = ArgMax (%x) {axis = 1}", "int64[b,1,n]", NULL);
    check_shapes("input %x : float32[b,3,n] %y = ArgMin (%x) {axis = -1, keepdims = 0}", "int64[b,3]", NULL);
    check_plan("input %x : float32[b,3,n] const %a : int64[1] = {1} %y = ReduceL2 (%x, %a)", DIMS(2, 3, 4),
               DIMS(2, 1, 4));
    check_refuses("input %x : float32[b,3] const %a : int64[1] = {2} %y = ReduceMax (%x, %a)", "axis 2");
    check_refuses("input %x : float32[b,3] %y = ArgMax (%x) {axis = -3}", "axis -3");
}

/* What models do to flatten: the product of a shape's elements is a size again. */
ORT_TEST(infer_networks, reduced_contents_are_sizes) {
    check_shapes("input %x : float32[b,3,4] %s = Shape (%x) %p = ReduceProd (%s) {keepdims = 1}"
                 "%y = Reshape (%x, %p)",
                 "float32[b*12]", NULL);
    check_shapes("input %x : float32[b,3,4] %s = Shape (%x) %p = ReduceSum (%s) %y = ConstantOfShape (%p)",
                 "float32[b + 7]", NULL);
    check_shapes("input %x : float32[2,3,5] const %m : int64[2,3] = {1, 9, 2, 7, 3, 8} const %a : int64[1] = {0}"
                 "%p = ReduceMin (%m, %a) {keepdims = 0} %y = ConstantOfShape (%p)",
                 "float32[1,3,2]", NULL);
    check_shapes("const %m : int64[2,2,2] = {1, 2, 3, 4, 5, 6, 7, 8} const %a : int64[1] = {1}"
                 "const %l : int64[1] = {-1} %p = ReduceSum (%m, %a) %f = Reshape (%p, %l) %y = ConstantOfShape (%f)",
                 "float32[4,6,12,14]", NULL);
    check_shapes("const %m : float32[2,2] = {1.5, 2.0, 3.0, 0.5} const %a : int64[1] = {-1}"
                 "%p = ReduceMax (%m, %a) {keepdims = 0} %i = Cast (%p) {to = 7} %y = ConstantOfShape (%i)",
                 "float32[2,3]", NULL);
}

ORT_TEST(infer_networks, normalisations) {
    check_shapes("input %x : float32[b,3,n] input %s : float32[3] %y = BatchNormalization (%x, %s, %s, %s, %s)",
                 "float32[b,3,n]", NULL);
    check_shapes("input %x : float32[b,3,n] input %s : float32[3]"
                 "%y, %z, %v = BatchNormalization (%x, %s, %s, %s, %s) {training_mode = 1}",
                 "float32[b,3,n]", "float32[3]");
    check_shapes("input %x : float16[b,n,8] input %s : float16[8] %y, %z = LayerNormalization (%x, %s)",
                 "float16[b,n,8]", "float32[b,n,1]");
    check_refuses("input %x : float32[b,3,n] input %s : float32[4] %y = BatchNormalization (%x, %s, %s, %s, %s)",
                  "4 elements");
    check_refuses("input %x : float32[b,n,8] input %s : float32[7] %y = LayerNormalization (%x, %s)", "size 7");
}
