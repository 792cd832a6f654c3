# Sets <NAME>_SOURCE_DIR for each library to the folder that setup.mjs unpacked, or else to a copy of the same version from
# FetchContent. Set FETCHCONTENT_SOURCE_DIR_<NAME> to use a copy of your own.
include(FetchContent)

function(find_source name repository version)
  string(TOUPPER ${name} upper)
  if(NOT FETCHCONTENT_SOURCE_DIR_${upper} AND EXISTS ${TEACHABLE_TOOLCHAIN}/src/${name})
    set(FETCHCONTENT_SOURCE_DIR_${upper} ${TEACHABLE_TOOLCHAIN}/src/${name})
  endif()
  # This subfolder does not exist, so FetchContent gets the files but does not use the library's own CMakeLists.txt.
  FetchContent_Declare(${name} GIT_REPOSITORY ${repository} GIT_TAG ${version} SOURCE_SUBDIR no-build-of-its-own)
  FetchContent_MakeAvailable(${name})
  set(${upper}_SOURCE_DIR ${${name}_SOURCE_DIR} PARENT_SCOPE)
endfunction()

find_source(xnnpack https://github.com/google/XNNPACK.git 4ea82e595b36106653175dcb04b2aa532660d0d8)
find_source(pthreadpool https://github.com/Maratyszcza/pthreadpool.git 560c60d342a76076f0557a3946924c6478470044)
find_source(fxdiv https://github.com/Maratyszcza/FXdiv.git b408327ac2a15ec3e43352421954f5b1967701d1)
find_source(fp16 https://github.com/Maratyszcza/FP16.git 4dfe081cf6bcd15db339cf2680b9281b8451eeb3)
find_source(stb https://github.com/nothings/stb.git 5c205738c191bcb0abc65c4febfa9bd25ff35234)
find_source(nlohmann_json https://github.com/nlohmann/json.git v3.11.2)
find_source(googletest https://github.com/google/googletest.git release-1.12.1)
find_source(benchmark https://github.com/google/benchmark.git v1.9.1)

# Generated code refuses headers of another version than that of the schema compiler, so the compiler decides the version.
# NO_CMAKE_FIND_ROOT_PATH, because it runs on this machine in builds for WebAssembly, too.
find_program(FLATC_EXECUTABLE flatc NO_CMAKE_FIND_ROOT_PATH)
if(NOT FLATC_EXECUTABLE)
  message(FATAL_ERROR "flatc, the schema compiler of flatbuffers, is not on PATH. Install it (Debian: flatbuffers-compiler).")
endif()
execute_process(COMMAND ${FLATC_EXECUTABLE} --version OUTPUT_VARIABLE flatc_version COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" flatc_version "${flatc_version}")
find_source(flatbuffers https://github.com/google/flatbuffers.git v${flatc_version})
