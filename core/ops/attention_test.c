#include "ops/infer_check.h"

ORT_TEST(infer_attention, standard) {
    check_values("input %a : float32[b,12,s,64] input %k : float32[b,12,t,64] input %v : float32[b,12,t,32]"
                 "%y, %z, %q = Attention (%a, %k, %v)",
                 "float32[b,12,s,32]", "float32[b,12,t,64]", "float32[b,12,t,32]");
    check_values("input %a : float16[b,s,24] input %k : float16[b,t,12] input %v : float16[b,t,6]"
                 "input %p : float16[b,3,p,4] input %o : float16[b,3,p,2]"
                 "%y, %z, %q = Attention (%a, %k, %v, _, %p, %o) {q_num_heads = 6, kv_num_heads = 3}",
                 "float16[b,s,12]", "float16[b,3,t + p,4]", "float16[b,3,t + p,2]");
    check_refuses("input %a : float32[b,s,24] %y = Attention (%a, %a, %a) {q_num_heads = 7, kv_num_heads = 7}",
                  "24 columns do not split into 7 heads");
    check_refuses("input %a : float32[b,s,24] %y = Attention (%a, %a, %a)", "at least one head");
}

ORT_TEST(infer_attention, with_its_projection) {
    check_values("input %a : float32[b,s,32] input %w : float32[32,96] input %m : int32[b,t]"
                 "input %p : float32[2,b,4,n,8]"
                 "%y, %z = com.microsoft::Attention (%a, %w, _, %m, %p) {num_heads = 4}",
                 "float32[b,s,32]", "float32[2,b,4,s + n,8]", NULL);
    check_values("input %a : float32[b,s,32] input %w : float32[32,80]"
                 "%y = com.microsoft::Attention (%a, %w) {num_heads = 4, qkv_hidden_sizes = [32, 32, 16]}",
                 "float32[b,s,16]", NULL, NULL);
    check_refuses("input %a : float32[b,s,32] input %w : float32[32,97]"
                  "%y = com.microsoft::Attention (%a, %w) {num_heads = 4}",
                  "97 columns do not split into 3");
}

ORT_TEST(infer_attention, of_many_heads) {
    check_values("input %a : float16[b,s,32] input %k : float16[b,t,32] input %v : float16[b,t,64]"
                 "input %p : float16[b,4,p,8] input %o : float16[b,4,p,16]"
                 "%y, %z, %q = com.microsoft::MultiHeadAttention (%a, %k, %v, _, _, _, %p, %o) {num_heads = 4}",
                 "float16[b,s,64]", "float16[b,4,t + p,8]", "float16[b,4,t + p,16]");
    check_values("input %a : float32[b,s,4,3,8] %y = com.microsoft::MultiHeadAttention (%a) {num_heads = 4}",
                 "float32[b,s,32]", NULL, NULL);
    check_refuses("input %a : float32[b,s] %y = com.microsoft::MultiHeadAttention (%a) {num_heads = 4}",
                  "input 0 has rank 2");
}

ORT_TEST(infer_attention, normalizations) {
    check_values("input %a : float16[b,s,32] input %g : float16[32]"
                 "%y, %z, _, %q = com.microsoft::SkipLayerNormalization (%a, %a, %g)",
                 "float16[b,s,32]", "float32[b,s,1]", "float16[b,s,32]");
    check_values("input %a : int32[b,s] input %w : float32[100,32] input %g : float32[32]"
                 "%y, %z, %q = com.microsoft::EmbedLayerNormalization (%a, _, %w, %w, _, %g, %g)",
                 "float32[b,s,32]", "int32[b]", "float32[b,s,32]");
    check_values("input %a : float16[b,s,32] input %g : float16[32] %y = SimplifiedLayerNormalization (%a, %g)",
                 "float16[b,s,32]", NULL, NULL);
}

ORT_TEST(infer_attention, turned_products) {
    check_values("input %a : float32[b,4,s,8] input %k : float32[b,4,t,8]"
                 "%y = com.microsoft::FusedMatMul (%a, %k) {transB = 1}",
                 "float32[b,4,s,t]", NULL, NULL);
    check_refuses("input %a : float32[3,4] input %k : float32[3,5] %y = com.microsoft::FusedMatMul (%a, %k)",
                  "the inner sizes differ");
}
