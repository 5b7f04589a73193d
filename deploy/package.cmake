# SPDX-License-Identifier: Apache-2.0
# cmake --install and the Debian package (cpack -G DEB).
install(TARGETS roomcast-gateway roomcast-load RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
