using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// Every native signature is blittable, so calls go straight through without stubs that copy.
[assembly: DisableRuntimeMarshalling]
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
