# What of XNNPACK a MobileNet can reach. Everything in XNNPACK leads to everything: a subgraph to each operator in each data
# type, an operator to its configurations, a configuration to kernels for each case. Linked as it is, two thirds of the module
# would be code that no operator of net/lower.cpp leads to. So calls that lead elsewhere are compiled as on a machine that
# lacks what they ask for: XNNPACK answers "unsupported hardware", which net/xnn.cpp turns into an error. op_test.cpp runs
# every operator in every precision in the same build, so one that is missing here can't go unnoticed.
set(reachable_operators
  convolution2d_nhwc_f32 convolution2d_nhwc_qs8 convolution2d_nhwc_qs8_qc8w convolution2d_nhwc_qu8
  fully_connected_nc_f32 fully_connected_nc_qs8 fully_connected_nc_qs8_qc8w fully_connected_nc_qu8
  binary_elementwise_nd unary_elementwise_nc
  max_pooling2d_nhwc_f32 average_pooling2d_nhwc_f32 reduce_nd
  constant_pad_nd_x8 constant_pad_nd_x32 copy_nc_x8 copy_nc_x32)
set(reachable_configs
  # convolutions and fully connected layers; gemm configurations hold the igemm kernels too
  f32_gemm qs8_qc8w_gemm qu8_gemm
  f32_dwconv qs8_qc8w_dwconv qu8_dwconv f32_vmulcaddc
  # two operands
  f32_vadd f32_vmul qs8_vadd qs8_vmul qu8_vadd qu8_vmul
  # one operand; other functions of bytes are tables
  f32_clamp s8_clamp u8_clamp f32_hswish f32_sigmoid x8_lut
  f32_to_qs8_cvt f32_to_qu8_cvt qs8_to_f32_cvt qu8_to_f32_cvt qs8_cvt qu8_cvt
  # pools and means; means of bytes are summed in 32 bits
  f32_maxpool f32_avgpool f32_pavgpool
  f32_rsum f32_rdsum qs8_rsum qs8_rdsum qu8_rsum qu8_rdsum s32_to_f32_cvt
  # moving
  xx_copy xx_fill xx_pad)

# matches_in(<variable> <regex> <file>...): what fits in these files of XNNPACK, each once.
function(matches_in variable regex)
  set(matches)
  foreach(file IN LISTS ARGN)
    file(READ ${XNNPACK_SOURCE_DIR}/${file} text)
    string(REGEX MATCHALL "${regex}" found "${text}")
    list(APPEND matches ${found})
  endforeach()
  list(REMOVE_DUPLICATES matches)
  set(${variable} ${matches} PARENT_SCOPE)
endfunction()

# write_macros(<header> <includes> <value> <more> <macro>...): the includes, then each macro with the value, then more lines. What
# declares the names comes first, so that the macros change uses only. Written at once, so that a header that stays the same keeps its time.
function(write_macros header includes value more)
  list(TRANSFORM includes REPLACE "(.+)" "#include \"\\1\"\n")
  list(TRANSFORM ARGN REPLACE "(.+)" "#define \\1 ${value}\n")
  list(JOIN includes "" include_lines)
  list(JOIN ARGN "" macro_lines)
  file(CONFIGURE OUTPUT ${header} CONTENT "#pragma once\n#include <stddef.h>\n${include_lines}${macro_lines}${more}" @ONLY)
endfunction()

function(refuse_unknown what)
  if(ARGN)
    message(FATAL_ERROR "XNNPACK has no ${what} ${ARGN}: this is not the version that we know.")
  endif()
endfunction()

# Loops over dimensions in parallel that the reachable operators ask for.
set(reachable_loops 1d 1d_tile_1d 2d 2d_with_thread 2d_tile_2d 3d 3d_tile_2d 4d 4d_tile_2d 5d)

# For operators/*.c: configurations that aren't there, and ways to pack weights that no layer of ours asks for.
function(write_unreachable_configs header)
  matches_in(configs "xnn_init_[a-z0-9_]+_config\\(" src/xnnpack/config.h)
  list(TRANSFORM configs REPLACE "xnn_init_([a-z0-9_]+)_config\\(" "\\1")
  set(unknown ${reachable_configs})
  list(REMOVE_ITEM unknown ${configs})
  refuse_unknown("configurations" ${unknown})
  # The kernels of layers with one or two outputs take no less time there than those of any other number.
  set(instead "#define xnn_init_f32_gemm_nr2_config() xnn_init_f32_gemm_config()\n")
  list(REMOVE_ITEM configs ${reachable_configs} f32_gemm_nr2)
  list(TRANSFORM configs REPLACE "(.+)" "xnn_init_\\1_config()")
  # Filters of depthwise convolutions are [h, w, channels] in all of our files; lower.cpp makes such of [channels, h, w], too.
  matches_in(packing "xnn_pack_[a-z0-9_]+_dwconv_ghw_w" src/operators/convolution-nhwc.c)
  write_macros(${header} "xnnpack/config.h;xnnpack/reference-config.h;xnnpack/pack.h" NULL "${instead}"
    ${configs} "xnn_init_binary_reference_config(type, datatype)" ${packing})
endfunction()

# For subgraph/*.c: operators that can't be made, nor configurations; needs that header beside it.
function(write_unreachable_operators header)
  matches_in(functions "enum xnn_status xnn_(create|reshape|setup)_[a-z0-9_]+\\(" include/xnnpack.h src/xnnpack/internal.h)
  list(TRANSFORM functions REPLACE "enum xnn_status (xnn_[a-z0-9_]+)\\(" "\\1")
  set(known ${functions})
  list(FILTER functions EXCLUDE REGEX "_(runtime|runtime_v[0-9]|subgraph|workspace|weights_cache.*|external_value)$")
  foreach(name IN LISTS reachable_operators)
    set(own xnn_create_${name} xnn_reshape_${name} xnn_setup_${name})
    set(unknown ${own})
    list(REMOVE_ITEM unknown ${known})
    refuse_unknown("functions" ${unknown})
    list(REMOVE_ITEM functions ${own})
  endforeach()
  list(TRANSFORM functions APPEND "(...)")
  write_macros(${header} "configs.h;xnnpack.h;xnnpack/internal.h" xnn_status_unsupported_hardware "" ${functions})
endfunction()

# For configs/*.c: kernels without bounds, or with a lower one only. Where there are none XNNPACK takes those with both, whose
# two more instructions a tile of results can't be measured. And ways to pack transposed and deconvolution's weights.
#
# Of some kernels there are two, which differ in the instructions for a minimum on x86 and ARM: where a layer isn't all that
# such an instruction does, one of them is enough. An x86 whose dot product takes two signed operands is none that a browser knows.
function(write_left_out_kernels header)
  matches_in(kernels "xnn_f32_(gemm|igemm|dwconv)(_relu)?_ukernel_[a-z0-9_]+" src/configs/gemm-config.c src/configs/dwconv-config.c)
  matches_in(packing "xnn_pack_[a-z0-9_]+_(gemm_gio|deconv_goki)_w" src/configs/gemm-config.c)
  set(instead)
  foreach(kernel IN ITEMS f32_avgpool_minmax_ukernel_9x f32_avgpool_minmax_ukernel_9p8x
      f32_pavgpool_minmax_ukernel_9x f32_pavgpool_minmax_ukernel_9p8x f32_maxpool_minmax_ukernel_9p8x)
    string(APPEND instead "#define xnn_${kernel}__wasmsimd_arm_c4 xnn_${kernel}__wasmsimd_x86_c4\n")
  endforeach()
  string(APPEND instead "#define xnn_f32_vclamp_ukernel__wasmsimd_arm_u8 xnn_f32_vclamp_ukernel__wasmsimd_x86_u8\n")
  foreach(type gemm igemm)
    set(kernel xnn_qs8_qc8w_${type}_minmax_fp32_ukernel)
    string(APPEND instead "#define ${kernel}_1x8c8__wasmsdot ${kernel}_1x8c8__wasmsdot_u2\n")
    string(APPEND instead "#define ${kernel}_2x8c8__wasmsdot ${kernel}_4x8c8__wasmsdot_u2\n")
  endforeach()
  write_macros(${header} "xnnpack/gemm.h;xnnpack/igemm.h;xnnpack/dwconv.h;xnnpack/avgpool.h;xnnpack/pavgpool.h;xnnpack/maxpool.h;xnnpack/vunary.h;xnnpack/pack.h"
    NULL "${instead}" ${kernels} ${packing})
endfunction()

# For configs/gemm-config.c: functions that pack weights of which we have our own (net/kernels/packing.h).
function(write_own_packing header)
  set(text "#pragma once\n#include \"xnnpack/pack.h\"\n")
  foreach(name IN LISTS ARGN)
    string(APPEND text "extern __typeof__(xnn_pack_${name}) teachable_pack_${name};\n#define xnn_pack_${name} teachable_pack_${name}\n")
  endforeach()
  file(CONFIGURE OUTPUT ${header} CONTENT "${text}" @ONLY)
endfunction()

# For operators/*.c: configurations of which we have our own (net/kernels/*_config.cpp), which begin with teachable_ instead of xnn_.
function(write_own_configs header)
  set(text "#pragma once\n#include \"xnnpack/config.h\"\n")
  foreach(name IN LISTS ARGN)
    string(REGEX REPLACE "_config$" "" type ${name})
    string(REGEX REPLACE "^.*_(gemm|dwconv)$" "\\1" type ${type})
    string(APPEND text "const struct xnn_${type}_config* teachable_init_${name}(void);\n#define xnn_init_${name} teachable_init_${name}\n")
  endforeach()
  file(CONFIGURE OUTPUT ${header} CONTENT "${text}" @ONLY)
endfunction()

# For operator-run.c: loops that no reachable operator asks for.
function(write_unreachable_loops header)
  matches_in(loops "pthreadpool_parallelize_[a-z0-9_]+" src/operator-run.c)
  set(reachable ${reachable_loops})
  list(TRANSFORM reachable PREPEND pthreadpool_parallelize_)
  set(unknown ${reachable})
  list(REMOVE_ITEM unknown ${loops})
  refuse_unknown("loops" ${unknown})
  list(REMOVE_ITEM loops ${reachable})
  list(TRANSFORM loops APPEND "(...)")
  write_macros(${header} "pthreadpool.h" "__builtin_trap()" "" ${loops})
endfunction()
