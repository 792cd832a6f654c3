# The variants of the WebAssembly module differ in two ways: whether they use relaxed SIMD, and whether they use threads.
# One build tree links those without threads, another one (TEACHABLE_THREADS) those with threads, and a third one the tests of
# those without. Within a tree all of them share their objects. Only these parts differ:
#   part_simd      or  part_relaxed    kernels, and what chooses between kernels
#   part_single    or  part_threads    the thread pool
# Layers add their own files to these by add_layer() in CMakeLists.txt.
if(TEACHABLE_THREADS)
  set(TEACHABLE_VARIANTS simd-threads relaxed-threads)
else()
  set(TEACHABLE_VARIANTS simd relaxed)
endif()

foreach(part simd relaxed single threads)
  add_library(part_${part} INTERFACE)
  target_link_libraries(part_${part} INTERFACE xnnpack_${part})
endforeach()
target_link_libraries(part_single INTERFACE pthreadpool_single)
target_link_libraries(part_threads INTERFACE pthreadpool_threads)
target_link_options(part_threads INTERFACE -pthread)

# variant_name(<variable> <name> <variant>): the target of this name for a variant, such as teachable_simd_threads.
function(variant_name variable name variant)
  string(REPLACE "-" "_" suffix ${variant})
  set(${variable} ${name}_${suffix} PARENT_SCOPE)
endfunction()

# link_variant(<target> <variant>): links the parts that make the target a program of this variant.
function(link_variant target variant)
  if(variant MATCHES "^relaxed")
    set(simd part_relaxed)
  else()
    set(simd part_simd)
  endif()
  if(variant MATCHES "threads$")
    set(threads part_threads)
  else()
    set(threads part_single)
  endif()
  target_link_libraries(${target} PRIVATE ${simd} ${threads})
endfunction()
