# Toolchain file of the WebAssembly presets: an emsdk on PATH if there is one that is new enough, else the Emscripten
# that setup.mjs unpacked.
if(DEFINED ENV{TEACHABLE_TOOLCHAIN})
  set(unpacked $ENV{TEACHABLE_TOOLCHAIN})
else()
  set(unpacked ${CMAKE_CURRENT_LIST_DIR}/../../.toolchain)
endif()
cmake_path(SET emscripten_root NORMALIZE ${unpacked}/emscripten/usr/share/emscripten)

find_program(EMCC_ON_PATH emcc NO_CMAKE_FIND_ROOT_PATH)
if(EMCC_ON_PATH)
  file(REAL_PATH ${EMCC_ON_PATH} emcc)
  cmake_path(GET emcc PARENT_PATH folder)
  if(EXISTS ${folder}/emscripten-version.txt)
    file(READ ${folder}/emscripten-version.txt version)
    string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" version "${version}")
    # Older ones lack the final relaxed SIMD instructions.
    if(version VERSION_GREATER_EQUAL 3.1.60)
      set(emscripten_root ${folder})
    endif()
  endif()
endif()

if(NOT EXISTS ${emscripten_root}/emcc)
  message(FATAL_ERROR "No Emscripten: run `npm run setup`, or put an emsdk (3.1.60 or newer) on PATH.")
endif()
include(${emscripten_root}/cmake/Modules/Platform/Emscripten.cmake)
