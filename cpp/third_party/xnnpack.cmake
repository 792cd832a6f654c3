# XNNPACK, built by us: its own CMakeLists knows no WebAssembly. The lists of files are read out of its sources, so that
# they stay its own; which of them a machine needs, and with which flags, is below.

# list_from(<variable> <file> <list>): the files that `SET(<list> a b c)` in <file> names, as absolute paths.
function(list_from variable file list)
  file(READ ${XNNPACK_SOURCE_DIR}/${file} text)
  if(NOT text MATCHES "SET\\(${list}([^)]*)\\)")
    message(FATAL_ERROR "XNNPACK's ${file} has no list ${list}: this is not the version that we know.")
  endif()
  string(REGEX MATCHALL "src/[^ \n)]+" files "${CMAKE_MATCH_1}")
  list(TRANSFORM files PREPEND ${XNNPACK_SOURCE_DIR}/)
  set(${variable} ${files} PARENT_SCOPE)
endfunction()

set(xnnpack_sources)
foreach(list OPERATOR_SRCS REFERENCE_SRCS SUBGRAPH_SRCS)
  list_from(files CMakeLists.txt ${list})
  list(APPEND xnnpack_sources ${files})
endforeach()
set(config_sources ${CMAKE_CURRENT_BINARY_DIR}/build_identifier.c)
foreach(list LOGGING_SRCS XNNPACK_SRCS TABLE_SRCS)
  list_from(files CMakeLists.txt ${list})
  list(APPEND config_sources ${files})
endforeach()
foreach(file
    allocator.c cache.c configs/hardware-config.c datatype.c indirection.c memory.c microkernel-utils.c
    microparams-init.c mutex.c normalization.c operator-run.c operator-utils.c reference/packing.cc)
  list(APPEND xnnpack_sources ${XNNPACK_SOURCE_DIR}/src/${file})
endforeach()
if(EMSCRIPTEN)
  # Every page that loads the module pays for its size; a native build may be as big as it likes.
  include(xnnpack_reachable.cmake)
  set(shadows ${CMAKE_CURRENT_BINARY_DIR}/xnnpack_reachable)
  write_unreachable_configs(${shadows}/configs.h)
  write_unreachable_operators(${shadows}/operators.h)
  write_left_out_kernels(${shadows}/kernels.h)
  write_unreachable_loops(${shadows}/loops.h)
  write_own_packing(${shadows}/own_packing.h qs8_gemm_goi_w qs8_to_qu8_gemm_goi_w qu8_gemm_goi_w)
  set(own_configs qs8_qc8w_dwconv_config)
  if(TEACHABLE_RELAXED_SIMD)
    list(APPEND own_configs qs8_qc8w_gemm_config)
  endif()
  write_own_configs(${shadows}/own_configs.h ${own_configs})
  # What makes and sets up operators runs once a load, so it is compiled small.
  foreach(file IN LISTS xnnpack_sources)
    if(file MATCHES "/src/operators/")
      set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "-include;${shadows}/configs.h;-include;${shadows}/own_configs.h;-Oz")
    elseif(file MATCHES "/src/subgraph/")
      set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "-include;${shadows}/operators.h;-Oz")
    elseif(file MATCHES "/src/operator-run.c")
      set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "-include;${shadows}/loops.h")
    endif()
  endforeach()
  list(TRANSFORM xnnpack_sources REPLACE "^.*/src/reference/unary-elementwise.cc$" "xnnpack_reference_unary.cc")
endif()

# Families of kernels with the compiler flags of each; "scalar" belongs to all.
set(families scalar)
if(EMSCRIPTEN)
  list(APPEND families wasm wasmsimd)
  if(TEACHABLE_RELAXED_SIMD)
    list(APPEND families wasmrelaxedsimd)
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  list(APPEND families sse sse2 ssse3 sse41 avx f16c fma3 avx2 avx512f avx512skx avx512vbmi avx512vnni)
  set(flags_sse -msse -mno-sse2)
  set(flags_sse2 -msse2 -mno-sse3)
  set(flags_ssse3 -mssse3 -mno-sse4.1)
  set(flags_sse41 -msse4.1 -mno-sse4.2)
  set(flags_avx -mavx -mno-avx2 -mno-fma -mno-f16c)
  set(flags_f16c -mf16c -mno-avx2 -mno-fma)
  set(flags_fma3 -mf16c -mfma -mno-avx2)
  set(flags_avx2 -mf16c -mfma -mavx2)
  set(flags_avx512f -mavx512f)
  set(flags_avx512skx -mf16c -mfma -mavx512f -mavx512cd -mavx512bw -mavx512dq -mavx512vl)
  set(flags_avx512vbmi ${flags_avx512skx} -mavx512vbmi)
  set(flags_avx512vnni ${flags_avx512skx} -mavx512vnni)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  list(APPEND families neon neonfp16 neonfma neonv8 neon_aarch64 neonfma_aarch64 neondot neondot_aarch64)
  set(flags_neondot -march=armv8.2-a+dotprod)
  set(flags_neondot_aarch64 -march=armv8.2-a+dotprod)
else()
  message(FATAL_ERROR "No XNNPACK kernels are chosen for ${CMAKE_SYSTEM_PROCESSOR}: add its families to xnnpack.cmake.")
endif()

# Everything that XNNPACK asks about by #if. What a family needs is 1 exactly when the family is built.
set(xnnpack_definitions
  XNN_LOG_LEVEL=0
  XNN_ENABLE_CPUINFO=$<NOT:$<BOOL:${EMSCRIPTEN}>>
  XNN_ENABLE_ASSEMBLY=0
  XNN_ENABLE_MEMOPT=1
  XNN_ENABLE_SPARSE=$<NOT:$<BOOL:${EMSCRIPTEN}>>
  XNN_ENABLE_GEMM_M_SPECIALIZATION=1
  XNN_ENABLE_DWCONV_MULTIPASS=0
  XNN_ENABLE_KLEIDIAI=0
  XNN_ENABLE_HVX=0
  XNN_ENABLE_VSX=0
  XNN_ENABLE_RISCV_VECTOR=0
  XNN_ENABLE_ARM_FP16_SCALAR=0
  XNN_ENABLE_ARM_FP16_VECTOR=0
  XNN_ENABLE_ARM_BF16=0
  XNN_ENABLE_ARM_I8MM=0
  XNN_ENABLE_ARM_SME=0
  XNN_ENABLE_ARM_SME2=0)
foreach(family avx512f avx512skx avx512vbmi avx512vnni neondot
    # Debian 12's cpuinfo does not know the machines that have these.
    avx512vnnigfni avxvnni avxvnniint8 avx256skx avx256vnni avx256vnnigfni avx512fp16 avx512amx)
  string(TOUPPER ${family} switch)
  if(family STREQUAL "neondot")
    set(switch ARM_DOTPROD)
  endif()
  if(family IN_LIST families)
    list(APPEND xnnpack_definitions XNN_ENABLE_${switch}=1)
  else()
    list(APPEND xnnpack_definitions XNN_ENABLE_${switch}=0)
  endif()
endforeach()

add_library(xnnpack_base INTERFACE)
target_compile_definitions(xnnpack_base INTERFACE ${xnnpack_definitions} NDEBUG)
# -ffp-contract=off: the kernels say themselves where they want a fused multiply-add; the compiler's own would make
# results differ from one variant to the next.
target_compile_options(xnnpack_base INTERFACE
  -fno-math-errno -ffp-contract=off $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti> -w)
target_include_directories(xnnpack_base INTERFACE ${XNNPACK_SOURCE_DIR}/include ${XNNPACK_SOURCE_DIR}/src)
if(EMSCRIPTEN)
  # Two WebAssembly kernels include <arm_neon.h> by mistake and use nothing of it.
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/shadow/arm_neon.h "#include <wasm_simd128.h>\n")
  target_include_directories(xnnpack_base INTERFACE ${CMAKE_CURRENT_BINARY_DIR}/shadow)
else()
  find_library(CPUINFO_LIBRARY cpuinfo REQUIRED)
  find_path(CPUINFO_INCLUDE_DIR cpuinfo.h REQUIRED)
  target_include_directories(xnnpack_base SYSTEM INTERFACE ${CPUINFO_INCLUDE_DIR})
endif()
target_link_libraries(xnnpack_base INTERFACE pthreadpool fxdiv fp16)

# For kernels of our own: what XNNPACK's sources see, as foreign headers.
add_library(xnnpack_internals INTERFACE)
target_compile_definitions(xnnpack_internals INTERFACE ${xnnpack_definitions})
target_compile_options(xnnpack_internals INTERFACE -fno-math-errno -ffp-contract=off)
target_include_directories(xnnpack_internals SYSTEM INTERFACE ${XNNPACK_SOURCE_DIR}/include ${XNNPACK_SOURCE_DIR}/src)
target_link_libraries(xnnpack_internals INTERFACE pthreadpool fxdiv fp16)

# A cache of packed weights asks which build packed them. We keep none, so any constant will do.
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/build_identifier.c CONTENT [=[
#include <stdbool.h>
#include <stddef.h>
size_t xnn_experimental_get_build_identifier_size(void) { return 0; }
const void* xnn_experimental_get_build_identifier_data(void) { return 0; }
bool xnn_experimental_check_build_identifier(const void* data, size_t size) { return data != 0 && size == 0; }
]=])

set(family_objects)
foreach(family IN LISTS families)
  string(TOUPPER ${family} upper)
  list_from(files cmake/gen/${family}_microkernels.cmake PROD_${upper}_MICROKERNEL_SRCS)
  # Only the AMX configuration, which we leave out, packs weights like this, and no other file takes longer to compile.
  list(FILTER files EXCLUDE REGEX "qs8-packw-x64c4-gemm-goi-scalar")
  set(name xnnpack_${family})
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${files})
  target_link_libraries(${name} PRIVATE xnnpack_base)
  # One family has one set of flags, so its files can be compiled in batches: most of the time of a small kernel goes
  # into the same few headers.
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
  target_compile_options(${name} PRIVATE ${flags_${family}} -O2)
  # Kernels read past the end of rows on purpose (XNN_EXTRA_BYTES).
  if(TEACHABLE_SANITIZE)
    target_compile_options(${name} PRIVATE -fno-sanitize=all)
  endif()
  list(APPEND family_objects $<TARGET_OBJECTS:${name}>)
endforeach()

# Small files that all begin with the same headers. (The operators cannot be batched: their static functions share names.)
add_library(xnnpack_configs OBJECT EXCLUDE_FROM_ALL ${config_sources})
target_link_libraries(xnnpack_configs PRIVATE xnnpack_base)
target_compile_options(xnnpack_configs PRIVATE -Os)
if(EMSCRIPTEN)
  target_compile_options(xnnpack_configs PRIVATE -Oz "SHELL:-include ${shadows}/kernels.h" "SHELL:-include ${shadows}/own_packing.h")
endif()
set_target_properties(xnnpack_configs PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)

add_library(XNNPACK STATIC EXCLUDE_FROM_ALL
  ${xnnpack_sources} $<TARGET_OBJECTS:xnnpack_configs> ${family_objects})
target_include_directories(XNNPACK SYSTEM INTERFACE ${XNNPACK_SOURCE_DIR}/include)
target_link_libraries(XNNPACK PRIVATE xnnpack_base PUBLIC pthreadpool)
target_compile_options(XNNPACK PRIVATE -Os)
# gnu11 and not c11: memory.c wants MAP_ANONYMOUS.
set_target_properties(XNNPACK PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
if(CPUINFO_LIBRARY)
  target_link_libraries(XNNPACK PUBLIC ${CPUINFO_LIBRARY})
endif()
if(TEACHABLE_SANITIZE)
  target_compile_options(XNNPACK PRIVATE -fno-sanitize=undefined)
endif()
