# order_functions(<target> <file>): puts the functions of a linked module into an order that compresses better, see
# web/dev/order-functions.mjs.
find_program(NODE_EXECUTABLE node NO_CMAKE_FIND_ROOT_PATH REQUIRED)
execute_process(
  COMMAND ${EMSCRIPTEN_ROOT_PATH}/em-config BINARYEN_ROOT
  OUTPUT_VARIABLE binaryen OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(WASM_OPT ${binaryen}/bin/wasm-opt)

function(order_functions target file)
  set(script ${PROJECT_SOURCE_DIR}/web/dev/order-functions.mjs)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${script})
  add_custom_command(TARGET ${target} POST_BUILD COMMAND ${NODE_EXECUTABLE} ${script} ${WASM_OPT} ${file} VERBATIM)
endfunction()
