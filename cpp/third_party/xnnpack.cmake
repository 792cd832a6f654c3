# XNNPACK, built by us, because its own CMakeLists has no WebAssembly support. The lists of files are read out of its
# sources. Which of them a machine needs, and with which flags, is below.
#
# Native builds compile everything that XNNPACK has for the machine. WebAssembly builds, whose size every page pays for,
# compile what a MobileNet needs (xnnpack_absent.cmake), in these targets:
#   XNNPACK            all that does not depend on the variant
#   xnnpack_simd       what modules without relaxed SIMD link in addition
#   xnnpack_relaxed    what modules with relaxed SIMD link instead
#   xnnpack_single     what modules without threads link
#   xnnpack_threads    what modules with threads link instead

# list_from(<variable> <file> <list>): the files that `SET(<list> a b c)` in <file> names, as absolute paths.
function(list_from variable file list)
  file(READ ${XNNPACK_SOURCE_DIR}/${file} text)
  if(NOT text MATCHES "SET\\(${list}([^)]*)\\)")
    message(FATAL_ERROR
      "XNNPACK's ${file} has no list ${list}. Supported is XNNPACK 4ea82e5 (see UPGRADING.md).")
  endif()
  string(REGEX MATCHALL "src/[^ \n)]+" files "${CMAKE_MATCH_1}")
  list(TRANSFORM files PREPEND ${XNNPACK_SOURCE_DIR}/)
  set(${variable} ${files} PARENT_SCOPE)
endfunction()

# A cache of packed weights asks which build packed them. We keep no cache, so any constant will do.
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/build_identifier.c CONTENT [=[
#include <stdbool.h>
#include <stddef.h>
size_t xnn_experimental_get_build_identifier_size(void) { return 0; }
const void* xnn_experimental_get_build_identifier_data(void) { return 0; }
bool xnn_experimental_check_build_identifier(const void* data, size_t size) { return data != 0 && size == 0; }
]=])

set(xnnpack_sources)
set(config_sources ${CMAKE_CURRENT_BINARY_DIR}/build_identifier.c)
if(EMSCRIPTEN)
  include(xnnpack_absent.cmake)
  write_absent(${CMAKE_CURRENT_BINARY_DIR}/xnnpack_absent.c absent_link_options)
  list(APPEND config_sources ${CMAKE_CURRENT_BINARY_DIR}/xnnpack_absent.c ${XNNPACK_SOURCE_DIR}/src/params.c)
  foreach(file IN LISTS present_sources)
    list(APPEND xnnpack_sources ${XNNPACK_SOURCE_DIR}/src/${file}.c)
    # The code that makes and sets up operators runs once per load, so it is compiled for size.
    if(file MATCHES "^(operators|subgraph)/")
      set_source_files_properties(${XNNPACK_SOURCE_DIR}/src/${file}.c PROPERTIES COMPILE_OPTIONS -Oz)
    endif()
  endforeach()
else()
  foreach(list OPERATOR_SRCS REFERENCE_SRCS SUBGRAPH_SRCS)
    list_from(files CMakeLists.txt ${list})
    list(APPEND xnnpack_sources ${files})
  endforeach()
  list_from(files CMakeLists.txt XNNPACK_SRCS)
  list(APPEND config_sources ${files})
  list(APPEND xnnpack_sources ${XNNPACK_SOURCE_DIR}/src/configs/hardware-config.c)
endif()
foreach(list LOGGING_SRCS TABLE_SRCS)
  list_from(files CMakeLists.txt ${list})
  list(APPEND config_sources ${files})
endforeach()
foreach(file
    allocator.c cache.c datatype.c indirection.c memory.c microkernel-utils.c
    microparams-init.c mutex.c normalization.c operator-run.c operator-utils.c reference/packing.cc)
  list(APPEND xnnpack_sources ${XNNPACK_SOURCE_DIR}/src/${file})
endforeach()

# Families of kernels with the compiler flags of each. Every machine has "scalar".
set(families scalar)
if(EMSCRIPTEN)
  list(APPEND families wasm wasmsimd wasmrelaxedsimd)
  set(flags_wasmrelaxedsimd -mrelaxed-simd)
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
  message(FATAL_ERROR "Unsupported processor ${CMAKE_SYSTEM_PROCESSOR}. Supported are x86_64 and arm64. Add its families of XNNPACK kernels to xnnpack.cmake.")
endif()

# Everything that XNNPACK's sources ask for by #if. A family's switch is 1 exactly when the family is built.
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
    # Debian 12's cpuinfo cannot detect these.
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
# -ffp-contract=off: kernels name their fused multiply-adds themselves. If the compiler made more of them, results would
# differ from one variant to the next.
target_compile_options(xnnpack_base INTERFACE
  -fno-math-errno -ffp-contract=off $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti> -w)
target_include_directories(xnnpack_base INTERFACE ${XNNPACK_SOURCE_DIR}/include ${XNNPACK_SOURCE_DIR}/src)
if(EMSCRIPTEN)
  # Two WebAssembly kernels include <arm_neon.h> by mistake and use nothing from it.
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/shadow/arm_neon.h "#include <wasm_simd128.h>\n")
  target_include_directories(xnnpack_base INTERFACE ${CMAKE_CURRENT_BINARY_DIR}/shadow)
else()
  find_library(CPUINFO_LIBRARY cpuinfo REQUIRED)
  find_path(CPUINFO_INCLUDE_DIR cpuinfo.h REQUIRED)
  target_include_directories(xnnpack_base SYSTEM INTERFACE ${CPUINFO_INCLUDE_DIR})
endif()
target_link_libraries(xnnpack_base INTERFACE pthreadpool fxdiv fp16)

# What kernels of our own need to include XNNPACK's internal headers, as foreign ones.
add_library(xnnpack_internals INTERFACE)
target_compile_definitions(xnnpack_internals INTERFACE ${xnnpack_definitions})
target_compile_options(xnnpack_internals INTERFACE -fno-math-errno -ffp-contract=off)
target_include_directories(xnnpack_internals SYSTEM INTERFACE ${XNNPACK_SOURCE_DIR}/include ${XNNPACK_SOURCE_DIR}/src)
target_link_libraries(xnnpack_internals INTERFACE pthreadpool fxdiv fp16)

# keep_used_kernels(<variable> <file>...): those files that define a kernel which our configurations name.
function(keep_used_kernels variable)
  file(GLOB users CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/cpp/net/kernels/*.h ${PROJECT_SOURCE_DIR}/cpp/net/kernels/*.cpp)
  set(used)
  foreach(user IN LISTS users)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${user})
    file(READ ${user} text)
    string(REGEX MATCHALL "xnn_[a-z0-9_]+_ukernel_[a-z0-9_]+" names "${text}")
    list(APPEND used ${names})
  endforeach()
  set(kept)
  foreach(file IN LISTS ARGN)
    file(STRINGS ${file} definitions REGEX "^void xnn_[a-z0-9_]+\\(")
    list(TRANSFORM definitions REPLACE "^void (xnn_[a-z0-9_]+)\\(.*" "\\1")
    foreach(definition IN LISTS definitions)
      if(definition IN_LIST used)
        list(APPEND kept ${file})
        break()
      endif()
    endforeach()
  endforeach()
  set(${variable} ${kept} PARENT_SCOPE)
endfunction()

set(family_objects)
foreach(family IN LISTS families)
  string(TOUPPER ${family} upper)
  list_from(files cmake/gen/${family}_microkernels.cmake PROD_${upper}_MICROKERNEL_SRCS)
  if(EMSCRIPTEN)
    keep_used_kernels(files ${files})
    if(NOT files)
      continue()
    endif()
  endif()
  # Only the AMX configuration, which is left out, packs weights with this file, and no other takes longer to compile.
  list(FILTER files EXCLUDE REGEX "qs8-packw-x64c4-gemm-goi-scalar")
  set(name xnnpack_${family})
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${files})
  target_link_libraries(${name} PRIVATE xnnpack_base)
  # All files of a family have the same flags, so they can be compiled in batches. Most of the time of a small kernel goes
  # into the same few headers.
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
  target_compile_options(${name} PRIVATE ${flags_${family}} -O2)
  # Kernels read past the end of rows on purpose (XNN_EXTRA_BYTES), where another thread may write. XNNPACK excludes most
  # of them from the thread sanitizer, which also ignores vectors of more than 16 bytes.
  if(TEACHABLE_SANITIZE OR TEACHABLE_SANITIZE_THREADS)
    target_compile_options(${name} PRIVATE -fno-sanitize=all)
  endif()
  list(APPEND family_objects $<TARGET_OBJECTS:${name}>)
endforeach()

# Small files that all begin with the same headers. The operators cannot be batched, because their static functions
# share names.
add_library(xnnpack_configs OBJECT EXCLUDE_FROM_ALL ${config_sources})
target_link_libraries(xnnpack_configs PRIVATE xnnpack_base)
target_compile_options(xnnpack_configs PRIVATE $<IF:$<BOOL:${EMSCRIPTEN}>,-Oz,-Os>)
set_target_properties(xnnpack_configs PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)

add_library(XNNPACK STATIC EXCLUDE_FROM_ALL
  ${xnnpack_sources} $<TARGET_OBJECTS:xnnpack_configs> ${family_objects})
target_include_directories(XNNPACK SYSTEM INTERFACE ${XNNPACK_SOURCE_DIR}/include)
target_link_libraries(XNNPACK PRIVATE xnnpack_base PUBLIC pthreadpool)
target_compile_options(XNNPACK PRIVATE $<IF:$<BOOL:${EMSCRIPTEN}>,-Oz,-Os>)
# Packing the weights is a part of the time until the first result.
set_source_files_properties(${XNNPACK_SOURCE_DIR}/src/reference/packing.cc PROPERTIES COMPILE_OPTIONS -Os)
# gnu11 and not c11, because memory.c needs MAP_ANONYMOUS.
set_target_properties(XNNPACK PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
if(CPUINFO_LIBRARY)
  target_link_libraries(XNNPACK PUBLIC ${CPUINFO_LIBRARY})
endif()
if(TEACHABLE_SANITIZE)
  target_compile_options(XNNPACK PRIVATE -fno-sanitize=undefined)
endif()

if(EMSCRIPTEN)
  target_link_options(XNNPACK INTERFACE ${absent_link_options})

  # add_variant_part(<name> <file of XNNPACK> <flag>...)
  function(add_variant_part name file)
    add_library(${name} STATIC EXCLUDE_FROM_ALL ${XNNPACK_SOURCE_DIR}/src/${file})
    target_link_libraries(${name} PRIVATE xnnpack_base)
    target_compile_options(${name} PRIVATE -Oz ${ARGN})
    set_target_properties(${name} PROPERTIES C_STANDARD 11)
  endfunction()
  add_variant_part(xnnpack_simd configs/hardware-config.c)
  add_variant_part(xnnpack_relaxed configs/hardware-config.c -mrelaxed-simd)
  # XNNPACK's only atomic instruction is in init.c, so modules with and without threads link their own copy of it.
  add_variant_part(xnnpack_single init.c)
  add_variant_part(xnnpack_threads init.c)
endif()
