# Everything in XNNPACK leads to everything: a subgraph to each operator in each data type, an operator to each of its
# configurations, a configuration to kernels for each case. Linked as it is, two thirds of a WebAssembly module would be
# code that no layer of net/lower.cpp runs. So WebAssembly builds link something else in three places:
#
# - Configurations: none of XNNPACK's own files are compiled. net/kernels/configs*.cpp define the ones that are needed,
#   the others return null.
# - Operators: the functions of those that no layer needs return "unsupported hardware", which net/xnn.cpp turns into
#   an error.
# - Packing functions and parallel loops that no operator of ours asks for: they end the program.
#
# The definitions of the last two kinds and the null configurations are written into one C file, xnnpack_absent.c, from
# the declarations in XNNPACK's headers, which the file includes. A function that another file of ours also defines is
# an error of the linker. Where XNNPACK's own definition stands in a file that is needed, the linker leads calls to
# __wrap_<name> instead (--wrap), and drops the original.
#
# tests/cpp/op_test.cpp runs every operator in every precision, so one that is missing here can't go unnoticed.

# Operators that net/lower.cpp needs, with the files that hold them.
set(present_operators
  convolution2d_nhwc_f32 convolution2d_nhwc_qs8 convolution2d_nhwc_qs8_qc8w convolution2d_nhwc_qu8
  fully_connected_nc_f32 fully_connected_nc_qs8 fully_connected_nc_qs8_qc8w fully_connected_nc_qu8
  binary_elementwise_nd unary_elementwise_nc
  max_pooling2d_nhwc_f32 average_pooling2d_nhwc_f32 reduce_nd
  constant_pad_nd_x8 constant_pad_nd_x32 copy_nc_x8 copy_nc_x32)
set(present_sources
  operator-delete
  operators/average-pooling-nhwc operators/binary-elementwise-nd operators/constant-pad-nd operators/convolution-nhwc
  operators/fully-connected-nc operators/max-pooling-nhwc operators/reduce-nd operators/unary-elementwise-nc
  memory-planner runtime subgraph tensor
  subgraph/average-pooling-2d subgraph/binary subgraph/convolution-2d subgraph/copy subgraph/depthwise-convolution-2d
  subgraph/fully-connected subgraph/max-pooling-2d subgraph/pack-lh subgraph/reshape-helpers subgraph/static-constant-pad
  subgraph/static-reduce subgraph/unary subgraph/validation)
# Loops over dimensions in parallel that these operators ask for.
set(present_loops 1d 1d_tile_1d 2d 2d_with_thread 2d_tile_2d 3d 3d_tile_2d 4d 4d_tile_2d 5d)

# matches_in(<variable> <regex> <file>...): the text in these files of XNNPACK that fits, each once.
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

function(refuse_unknown what)
  if(ARGN)
    message(FATAL_ERROR
      "XNNPACK has no ${what} ${ARGN}. The lists in xnnpack_absent.cmake fit XNNPACK 4ea82e5 (see UPGRADING.md).")
  endif()
endfunction()

# define(<declaration> <name> <body>): appends the definition to `text`. Where `defined` has the name, too, the definition
# gets the prefix __wrap_, and `link_options` the option that leads calls to it.
macro(define declaration name body)
  if("${name}" IN_LIST defined)
    string(REPLACE "${name}" "__wrap_${name}" definition "${declaration}")
    string(APPEND text "${declaration};\n${definition} { ${body} }\n")
    list(APPEND link_options "LINKER:--wrap=${name}")
  else()
    string(APPEND text "${declaration} { ${body} }\n")
  endif()
endmacro()

# write_absent(<file> <variable>): writes the C file and sets the variable to the link options that it needs.
function(write_absent file variable)
  list(TRANSFORM present_sources REPLACE "(.+)" "src/\\1.c" OUTPUT_VARIABLE sources)
  matches_in(defined "\nenum xnn_status xnn_(create|reshape|setup)_[a-z0-9_]+\\(" ${sources})
  list(TRANSFORM defined REPLACE "\nenum xnn_status (.+)\\(" "\\1")
  set(link_options)
  set(text "#include <stddef.h>\n#include <stdint.h>\n#include <pthreadpool.h>\n#include \"xnnpack.h\"\n")
  foreach(header config internal pack)
    string(APPEND text "#include \"xnnpack/${header}.h\"\n")
  endforeach()

  # Configurations. Those that net/kernels/configs*.cpp define are found by their names there.
  file(GLOB config_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp/net/kernels/configs*.cpp)
  set(present)
  foreach(config_file IN LISTS config_files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${config_file})
    file(READ ${config_file} config_text)
    string(REGEX MATCHALL "\\* xnn_init_[a-z0-9_]+_config\\(\\) {" names "${config_text}")
    list(TRANSFORM names REPLACE "\\* (.+)\\(\\) {" "\\1")
    list(APPEND present ${names})
  endforeach()
  matches_in(declarations "const struct [a-z0-9_]+\\*[ \n]+xnn_init_[a-z0-9_]+_config\\(\\)" src/xnnpack/config.h)
  set(unknown ${present})
  foreach(declaration IN LISTS declarations)
    string(REGEX MATCH "xnn_init_[a-z0-9_]+_config" name "${declaration}")
    list(REMOVE_ITEM unknown ${name})
    if(NOT name IN_LIST present)
      string(APPEND text "${declaration} { return NULL; }\n")
    endif()
  endforeach()
  refuse_unknown("configuration" ${unknown})

  set(present)
  foreach(name IN LISTS present_operators)
    list(APPEND present xnn_create_${name} xnn_reshape_${name} xnn_setup_${name})
  endforeach()
  set(unknown ${present})
  matches_in(declarations "enum xnn_status xnn_(create|reshape|setup)_[a-z0-9_]+\\([^;]*\\)"
    include/xnnpack.h src/xnnpack/internal.h)
  foreach(declaration IN LISTS declarations)
    string(REGEX MATCH "xnn_(create|reshape|setup)_[a-z0-9_]+" name "${declaration}")
    list(REMOVE_ITEM unknown ${name})
    if(NOT name IN_LIST present AND NOT name MATCHES "_(runtime|runtime_v[0-9]|subgraph|workspace|weights_cache.*|external_value)$")
      define("${declaration}" ${name} "return xnn_status_unsupported_hardware;")
    endif()
  endforeach()
  refuse_unknown("operator function" ${unknown})

  # Filters of depthwise convolutions are [h, w, channels] in all of our files, and lower.cpp makes such filters of
  # [channels, h, w].
  matches_in(unpacked "xnn_pack_[a-z0-9_]+_dwconv_ghw_w" src/operators/convolution-nhwc.c)
  list(APPEND defined ${unpacked})
  matches_in(declarations "void xnn_pack_[a-z0-9_]+_dwconv_ghw_w\\([^;]*\\)" src/xnnpack/pack.h)
  foreach(declaration IN LISTS declarations)
    string(REGEX MATCH "xnn_pack_[a-z0-9_]+" name "${declaration}")
    if(name IN_LIST unpacked)
      define("${declaration}" ${name} "__builtin_trap();")
    endif()
  endforeach()

  matches_in(loops "pthreadpool_parallelize_[a-z0-9_]+" src/operator-run.c)
  set(present ${present_loops})
  list(TRANSFORM present PREPEND pthreadpool_parallelize_)
  set(unknown ${present})
  list(REMOVE_ITEM unknown ${loops})
  refuse_unknown("use for the loop" ${unknown})
  list(REMOVE_ITEM loops ${present})
  list(APPEND defined ${loops})
  file(READ ${PTHREADPOOL_SOURCE_DIR}/include/pthreadpool.h header)
  foreach(name IN LISTS loops)
    string(REGEX MATCH "void ${name}\\([^;{]*\\)" declaration "${header}")
    define("${declaration}" ${name} "__builtin_trap();")
  endforeach()

  # Written at once, so that a file that stays the same keeps its time.
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
  set(${variable} ${link_options} PARENT_SCOPE)
endfunction()
