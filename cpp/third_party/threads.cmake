# pthreadpool and the two header libraries that it and XNNPACK need.
find_package(Threads REQUIRED)

foreach(name fxdiv fp16)
  string(TOUPPER ${name} upper)
  add_library(${name} INTERFACE)
  target_include_directories(${name} SYSTEM INTERFACE ${${upper}_SOURCE_DIR}/include)
endforeach()

# pthreadpool's own build takes the single-threaded shim for every Emscripten build. Ours takes it only for the
# variants without threads, where it turns each parallel loop into a plain one.
if(EMSCRIPTEN AND NOT TEACHABLE_THREADS)
  set(pool_sources legacy-api.c shim.c)
elseif(APPLE)
  set(pool_sources legacy-api.c portable-api.c memory.c gcd.c)
else()
  set(pool_sources legacy-api.c portable-api.c memory.c)
  set(own_pool_sources pthreads_short_spin.c)
endif()
list(TRANSFORM pool_sources PREPEND ${PTHREADPOOL_SOURCE_DIR}/src/)
add_library(pthreadpool STATIC EXCLUDE_FROM_ALL ${pool_sources} ${own_pool_sources})
target_include_directories(pthreadpool SYSTEM PRIVATE ${PTHREADPOOL_SOURCE_DIR}/src)
target_include_directories(pthreadpool SYSTEM PUBLIC ${PTHREADPOOL_SOURCE_DIR}/include)
target_compile_options(pthreadpool PRIVATE -Os)
target_compile_definitions(pthreadpool PRIVATE
  PTHREADPOOL_USE_FASTPATH=0
  PTHREADPOOL_USE_EVENT=0
  PTHREADPOOL_USE_GCD=$<BOOL:${APPLE}>
  # A futex wakes workers sooner than a condition variable does; Linux and WebAssembly have one.
  PTHREADPOOL_USE_FUTEX=$<IF:$<BOOL:${APPLE}>,0,1>
  $<$<PLATFORM_ID:Linux>:_GNU_SOURCE=1>)
target_link_libraries(pthreadpool PRIVATE fxdiv PUBLIC Threads::Threads)
set_target_properties(pthreadpool PROPERTIES C_STANDARD 11)
