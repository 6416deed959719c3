@echo off
rem Installs Sidechain for this user alone; no administrator is asked. Run it again to update. remove.cmd undoes it.
setlocal
set "APP=%LOCALAPPDATA%\Programs\Sidechain"
set "PLUGINS=%LOCALAPPDATA%\Programs\Common"
if exist "%APP%\sidechain.exe" "%APP%\sidechain.exe" down >nul 2>&1
xcopy "%~dp0app" "%APP%\" /E /I /Q /Y >nul
if errorlevel 1 goto failed
xcopy "%~dp0licenses" "%APP%\licenses\" /E /I /Q /Y >nul
if errorlevel 1 goto failed
copy /Y "%~dp0remove.cmd" "%APP%\remove.cmd" >nul
if errorlevel 1 goto failed
xcopy "%~dp0vst3" "%PLUGINS%\VST3\" /E /I /Q /Y >nul
if errorlevel 1 goto failed
xcopy "%~dp0clap" "%PLUGINS%\CLAP\" /E /I /Q /Y >nul
if errorlevel 1 goto failed
"%APP%\sidechain.exe" service install
if errorlevel 1 goto failed
echo Sidechain is in %APP%, its plugins in %PLUGINS%\VST3 and %PLUGINS%\CLAP. Let your DAW scan again.
exit /b 0

:failed
echo Sidechain was not installed. Close your DAW, which may hold the plugin that is to be replaced, and run this again.
exit /b 1
