# SPDX-License-Identifier: Apache-2.0
# cmake --install and the Debian package (cpack -G DEB): programs, demo pages and client bundle, systemd unit,
# configuration. For the package, configure with -DCMAKE_INSTALL_PREFIX=/usr: the unit and the gateway's default
# static_dir name the place.
install(TARGETS roomcast-gateway roomcast-load RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${ROOMCAST_STATIC_DIR}/ DESTINATION ${CMAKE_INSTALL_DATADIR}/roomcast/static)
install(FILES deploy/roomcast.json DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/roomcast)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
configure_file(deploy/roomcast.service.in roomcast.service @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/roomcast.service DESTINATION lib/systemd/system)

file(WRITE ${PROJECT_BINARY_DIR}/debian/conffiles "${CMAKE_INSTALL_FULL_SYSCONFDIR}/roomcast/roomcast.json\n")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME roomcast)
set(CPACK_PACKAGE_CONTACT "Roomcast maintainers <maintainers@roomcast.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "redis-server, nginx")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/conffiles
    ${PROJECT_SOURCE_DIR}/deploy/debian/postinst ${PROJECT_SOURCE_DIR}/deploy/debian/prerm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
