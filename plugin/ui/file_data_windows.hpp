/* One file as OLE hands it from program to program: CF_HDROP, as Explorer does. */
#ifndef SIDECHAIN_UI_FILE_DATA_WINDOWS_HPP
#define SIDECHAIN_UI_FILE_DATA_WINDOWS_HPP

#include <string>

#include <windows.h>

#include <objidl.h>

namespace ui {

/* To be Released; nullptr without memory. */
IDataObject *file_data(const std::wstring &path);

} // namespace ui
#endif
