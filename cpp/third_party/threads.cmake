# pthreadpool and the two header libraries that it and XNNPACK need.
#
# Native builds have one target, pthreadpool. In WebAssembly builds that is only its headers, and each module links one of
#   pthreadpool_single    pthreadpool's shim, which turns each parallel loop into a plain one
#   pthreadpool_threads   real threads
# (pthreadpool's own build takes the shim for every Emscripten build.)
find_package(Threads REQUIRED)

foreach(name fxdiv fp16)
  string(TOUPPER ${name} upper)
  add_library(${name} INTERFACE)
  target_include_directories(${name} SYSTEM INTERFACE ${${upper}_SOURCE_DIR}/include)
endforeach()

# add_pthreadpool(<name> <source>...)
function(add_pthreadpool name)
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${ARGN})
  target_include_directories(${name} SYSTEM PRIVATE ${PTHREADPOOL_SOURCE_DIR}/src)
  target_include_directories(${name} SYSTEM PUBLIC ${PTHREADPOOL_SOURCE_DIR}/include)
  target_compile_options(${name} PRIVATE $<IF:$<BOOL:${EMSCRIPTEN}>,-Oz,-Os>)
  target_compile_definitions(${name} PRIVATE
    PTHREADPOOL_USE_FASTPATH=0
    PTHREADPOOL_USE_EVENT=0
    PTHREADPOOL_USE_GCD=$<BOOL:${APPLE}>
    # A futex wakes threads sooner than a condition variable does. Linux and WebAssembly have one.
    PTHREADPOOL_USE_FUTEX=$<IF:$<BOOL:${APPLE}>,0,1>
    $<$<PLATFORM_ID:Linux>:_GNU_SOURCE=1>)
  target_link_libraries(${name} PRIVATE fxdiv PUBLIC Threads::Threads)
  set_target_properties(${name} PROPERTIES C_STANDARD 11)
endfunction()

set(source ${PTHREADPOOL_SOURCE_DIR}/src)
set(threads_sources ${source}/legacy-api.c ${source}/portable-api.c)
if(APPLE)
  list(APPEND threads_sources ${source}/gcd.c ${source}/memory.c joining_pool_absent.c)
else()
  list(APPEND threads_sources joining_pool.c)
endif()
if(EMSCRIPTEN)
  add_library(pthreadpool INTERFACE)
  target_include_directories(pthreadpool SYSTEM INTERFACE ${PTHREADPOOL_SOURCE_DIR}/include)
  add_pthreadpool(pthreadpool_single ${source}/legacy-api.c ${source}/shim.c)
  add_pthreadpool(pthreadpool_threads ${threads_sources})
  target_compile_options(pthreadpool_threads PRIVATE -pthread)
else()
  add_pthreadpool(pthreadpool ${threads_sources})
endif()
