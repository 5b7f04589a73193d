# SPDX-License-Identifier: Apache-2.0
# The files that the gateway serves, gathered in <build>/static: the demo pages of gateway/static/ and, under
# socket.io-client/, the Socket.IO client's browser bundle.
#
# The bundle comes from npm at build time and is never committed. Its version and checksum are pinned by
# gateway/client-bundle/package-lock.json. Without npm or a network: -DROOMCAST_CLIENT_BUNDLE=OFF; all works but
# /socket.io/socket.io.js.
#
# The gateway's default static_dir is static/ beside the program (a build tree), else ROOMCAST_INSTALL_STATIC_DIR.

# As a script (cmake -DNPM=... -DSOURCE=... -DWORK=... -DTO=... -P client_bundle.cmake): fetches the bundle into TO.
if(CMAKE_SCRIPT_MODE_FILE)
    file(REMOVE_RECURSE ${WORK})
    file(COPY ${SOURCE}/package.json ${SOURCE}/package-lock.json DESTINATION ${WORK})
    execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
                    WORKING_DIRECTORY ${WORK} RESULT_VARIABLE failed OUTPUT_QUIET)
    if(failed)
        message(FATAL_ERROR "npm could not fetch the Socket.IO client bundle (its own message is above). "
                            "Needed: the npm registry. To build without it: cmake -DROOMCAST_CLIENT_BUNDLE=OFF")
    endif()
    file(REMOVE_RECURSE ${TO}) # npm gives all files one date, by which file(COPY) would think nothing new
    set(package ${WORK}/node_modules/socket.io-client)
    foreach(variant "" .min .esm.min .msgpack.min)
        file(COPY ${package}/dist/socket.io${variant}.js ${package}/dist/socket.io${variant}.js.map DESTINATION ${TO})
    endforeach()
    file(COPY ${package}/LICENSE DESTINATION ${TO})
    file(REMOVE_RECURSE ${WORK})
    return()
endif()

option(ROOMCAST_CLIENT_BUNDLE "Fetch the Socket.IO client bundle with npm, for /socket.io/socket.io.js" ON)
set(ROOMCAST_STATIC_DIR ${PROJECT_BINARY_DIR}/static)
set(static_files "")

file(GLOB_RECURSE pages CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/gateway/static gateway/static/*)
foreach(page ${pages})
    add_custom_command(OUTPUT ${ROOMCAST_STATIC_DIR}/${page}
        COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_SOURCE_DIR}/gateway/static/${page} ${ROOMCAST_STATIC_DIR}/${page}
        DEPENDS ${PROJECT_SOURCE_DIR}/gateway/static/${page} VERBATIM)
    list(APPEND static_files ${ROOMCAST_STATIC_DIR}/${page})
endforeach()

if(ROOMCAST_CLIENT_BUNDLE)
    find_program(NPM npm)
    if(NOT NPM)
        message(FATAL_ERROR "npm is needed to fetch the Socket.IO client bundle (Debian: apt-get install npm). "
                            "To build without it: cmake -DROOMCAST_CLIENT_BUNDLE=OFF")
    endif()
    set(bundle_source ${PROJECT_SOURCE_DIR}/gateway/client-bundle)
    # The licence is copied last: it stands for the whole.
    set(bundle ${ROOMCAST_STATIC_DIR}/socket.io-client/LICENSE)
    add_custom_command(OUTPUT ${bundle}
        COMMAND ${CMAKE_COMMAND} -DNPM=${NPM} -DSOURCE=${bundle_source} -DWORK=${PROJECT_BINARY_DIR}/client-bundle
                -DTO=${ROOMCAST_STATIC_DIR}/socket.io-client -P ${CMAKE_CURRENT_LIST_FILE}
        COMMAND ${CMAKE_COMMAND} -E touch ${bundle}
        DEPENDS ${bundle_source}/package.json ${bundle_source}/package-lock.json ${CMAKE_CURRENT_LIST_FILE}
        COMMENT "Fetching the Socket.IO client bundle" VERBATIM)
    list(APPEND static_files ${bundle})
endif()

add_custom_target(static_files ALL DEPENDS ${static_files})
add_dependencies(roomcast-gateway static_files)
target_compile_definitions(roomcast-gateway PRIVATE
    ROOMCAST_INSTALL_STATIC_DIR="${CMAKE_INSTALL_FULL_DATADIR}/roomcast/static")
