; UNTESTED. Inno Setup 6: installs PyInstaller's one folder for one user, without an administrator.
;   pyinstaller packaging\pyinstaller\sidechain.spec   then   iscc packaging\windows\sidechain.iss
; The daemon does not run on Windows yet (README.md beside this file says what is missing); this is the installer that it will have.
#define Version "0.1.0"

[Setup]
AppId={{6C1D1B0E-6B1B-4B53-9C0E-5B7B2B1C5A11}
AppName=Sidechain
AppVersion={#Version}
AppPublisher=The Sidechain authors
DefaultDirName={localappdata}\Programs\Sidechain
PrivilegesRequired=lowest
OutputBaseFilename=sidechain-{#Version}-setup
Compression=lzma2
SolidCompression=yes
ChangesEnvironment=yes
CloseApplications=yes

[Files]
Source: "..\..\dist\sidechain\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion
Source: "..\licenses\*"; DestDir: "{app}\licenses"; Flags: recursesubdirs ignoreversion
Source: "..\..\LICENSE"; DestDir: "{app}\licenses"; Flags: ignoreversion

[Icons]
Name: "{userprograms}\Sidechain"; Filename: "{app}\sidechain.exe"; Parameters: "tray"

[Tasks]
Name: "atlogin"; Description: "Start Sidechain at login"; Flags: unchecked

[Run]
Filename: "{app}\sidechain.exe"; Parameters: "service install"; Tasks: atlogin; Flags: runhidden
Filename: "{app}\sidechain.exe"; Parameters: "tray"; Flags: postinstall nowait skipifsilent

[UninstallRun]
; What it wrote under the Run key, and what runs of it. Takes and settings stay the user's.
Filename: "{app}\sidechain.exe"; Parameters: "service remove"; Flags: runhidden; RunOnceId: "AtLogin"
Filename: "{app}\sidechain.exe"; Parameters: "down"; Flags: runhidden; RunOnceId: "Down"
