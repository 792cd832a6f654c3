# Uses ccache, so that a fresh clone in another folder finds its objects too: paths inside the repository count as
# relative, and the name of the build folder is not part of the key.
find_program(CCACHE_EXECUTABLE ccache NO_CMAKE_FIND_ROOT_PATH)
find_program(ENV_EXECUTABLE env NO_CMAKE_FIND_ROOT_PATH)
if(CCACHE_EXECUTABLE AND ENV_EXECUTABLE)
  set(launcher ${ENV_EXECUTABLE}
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
    CCACHE_NOHASHDIR=1
    # emcc is a script. Told that it is a clang, ccache can use its fast direct mode.
    CCACHE_COMPILERTYPE=clang
    ${CCACHE_EXECUTABLE})
  # emcc starts the python3 on PATH. That may be the script of a version manager, which takes longer than many
  # compilations.
  if(EMSCRIPTEN AND EXISTS /usr/bin/python3 AND NOT DEFINED ENV{EMSDK_PYTHON})
    list(INSERT launcher 1 EMSDK_PYTHON=/usr/bin/python3)
  endif()
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
