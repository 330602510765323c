"""Operators that the onnx package does not know: com.microsoft's, and one of ONNX's domain that old exporters write.

A row: name, domain, inputs, outputs, attributes, types. A value is `name:type`, `name?:type` where it may be left out; a
type is a variable of the row's own list. An attribute is `name:kind`, kind one of i f s I F S, `!` where it is required, `=`
and its default. Facts are those of ONNX Runtime's contrib operator reference."""

T3 = {"T": "float float16 bfloat16"}
TM = {**T3, "M": "int32"}
TU = {**T3, "U": "float"}
TI = {**T3, "I": "int64"}
WIDE = {"T": "float float16 double bfloat16"}
NORM = "output:T mean?:U inv_std_var?:U input_skip_bias_sum?:T"
GQA = """do_rotary:i=0 k_quant_type:s=NONE kv_cache_bit_width:i kv_num_heads:i! local_window_size:i=-1 num_heads:i! qk_output:i=0
         rotary_interleaved:i=0 scale:f smooth_softmax:i=-1 softcap:f v_quant_type:s=NONE"""
CONV = "auto_pad:s=NOTSET dilations:I group:i=1 kernel_shape:I pads:I strides:I"

CONTRIB = [
    ("Attention", "com.microsoft", "input:T weights:T bias?:T mask_index?:M past?:T attention_bias?:T past_sequence_length?:M",
     "output:T present?:T", """do_rotary:i=0 mask_filter_value:f=-10000 num_heads:i! past_present_share_buffer:i=0 qkv_hidden_sizes:I
     rotary_embedding_dim:i=0 scale:f unidirectional:i=0""", TM),
    ("BiasGelu", "com.microsoft", "A:T B:T", "C:T", "", WIDE),
    ("EmbedLayerNormalization", "com.microsoft", """input_ids:M segment_ids?:M word_embedding:T position_embedding:T
     segment_embedding?:T gamma:T beta:T mask?:M position_ids?:M""", "output:T mask_index?:M embedding_sum?:T",
     "epsilon:f=1e-12 mask_index_type:i=0", TM),
    ("FastGelu", "com.microsoft", "X:T bias?:T", "Y:T", "", T3),
    ("FusedConv", "com.microsoft", "X:T W:T B?:T Z?:T", "Y:T", CONV + " activation:s activation_params:F", WIDE),
    ("FusedMatMul", "com.microsoft", "A:T B:T", "Y:T", "alpha:f=1 transA:i=0 transB:i=0 transBatchA:i=0 transBatchB:i=0", WIDE),
    ("Gelu", "com.microsoft", "X:T", "Y:T", "", WIDE),
    ("GroupQueryAttention", "com.microsoft", """query:T key?:T value?:T past_key?:T past_value?:T seqlens_k:M total_sequence_length:M
     cos_cache?:T sin_cache?:T position_ids?:I attention_bias?:T head_sink?:T k_scale?:U v_scale?:U""",
     "output:T present_key?:T present_value?:T output_qk?:T", GQA, {**TM, **TI, **TU}),
    ("MultiHeadAttention", "com.microsoft", """query:T key?:T value?:T bias?:T key_padding_mask?:M attention_bias?:T past_key?:T
     past_value?:T past_sequence_length?:M cache_indirection?:M""", "output:T present_key?:T present_value?:T qk?:T",
     "mask_filter_value:f=-10000 num_heads:i! scale:f unidirectional:i=0", TM),
    ("QuickGelu", "com.microsoft", "X:T", "Y:T", "alpha:f=1.702", WIDE),
    ("RotaryEmbedding", "com.microsoft", "input:T position_ids:I cos_cache:T sin_cache:T", "output:T",
     "interleaved:i=0 is_packed_batching:i=0 num_heads:i=0 rotary_embedding_dim:i=0 scale:f=1", TI),
    ("SimplifiedLayerNormalization", "", "X:T scale:T", "Y:T inv_std_var?:U", "axis:i=-1 epsilon:f=1e-5 stash_type:i=1",
     {**WIDE, "U": "float double"}),
    ("SimplifiedLayerNormalization", "com.microsoft", "X:T scale:T", "Y:T inv_std_var?:U",
     "axis:i=-1 epsilon:f=1e-5 stash_type:i=1", {**WIDE, "U": "float double"}),
    ("SkipLayerNormalization", "com.microsoft", "input:T skip:T gamma:T beta?:T bias?:T", NORM, "epsilon:f=1e-12", TU),
    ("SkipSimplifiedLayerNormalization", "com.microsoft", "input:T skip:T gamma:T bias?:T", NORM, "epsilon:f=1e-12", TU),
    ("Tokenizer", "com.microsoft", "X:S", "Y:S", "mark:i! mincharnum:i! pad_value:s! separators:S tokenexp:s", {"S": "string"}),
]
