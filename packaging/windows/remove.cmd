@echo off
rem Takes away what install.cmd has put here. What was kept, and settings, stay: they are yours.
setlocal
set "APP=%LOCALAPPDATA%\Programs\Sidechain"
set "PLUGINS=%LOCALAPPDATA%\Programs\Common"
"%APP%\sidechain.exe" service remove
"%APP%\sidechain.exe" down >nul 2>&1
for %%N in (sidechain sidechain-mono) do (
  if exist "%PLUGINS%\VST3\%%N.vst3" rmdir /S /Q "%PLUGINS%\VST3\%%N.vst3"
  if exist "%PLUGINS%\CLAP\%%N.clap" del /Q "%PLUGINS%\CLAP\%%N.clap"
)
echo Sidechain is removed. What you kept lies where it was.
rem This file is in the folder that goes, and so may be whoever runs it: that is the last that it does, in a line that is read by then.
cd /d "%LOCALAPPDATA%"
rmdir /S /Q "%APP%" & exit /b 0
