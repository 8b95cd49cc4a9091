using System.Runtime.InteropServices;

namespace TrainingCluster.Modeling.Native;

/// <summary>
/// The system's dynamic linker. <see cref="NativeLibrary"/> calls it too, but always lazily: a library of another version would load,
/// and the process would die at the first call of a function that is not there.
/// </summary>
internal static partial class DynamicLinker
{
    private const int Lazy = 1;
    private const int Now = 2;

    /// <summary>The version of the C library, such as "2.36"; null: it is not glibc.</summary>
    public static string? GlibcVersion
    {
        get
        {
            try
            {
                return Marshal.PtrToStringUTF8(GetLibcVersion());
            }
            catch (Exception missing) when (missing is EntryPointNotFoundException or DllNotFoundException)
            {
                return null;
            }
        }
    }

    /// <summary>Loads a library for the rest of the process' life.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="allSymbols">True: it must find every function that it calls; false: each is looked up when it is first called.</param>
    /// <param name="handle">Of the library; 0: it could not be loaded.</param>
    /// <returns>What the linker says is wrong; null: nothing.</returns>
    public static string? Load(string path, bool allSymbols, out nint handle)
    {
        // The first call binds dlerror itself; done later, that would wipe the message out.
        _ = Error();
        handle = Open(path, allSymbols ? Now : Lazy);
        return handle != 0 ? null : Marshal.PtrToStringUTF8(Error()) ?? "the linker gives no reason";
    }

    // Before glibc 2.34 these two are not in libc itself.
    [LibraryImport("libdl.so.2", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int mode);

    [LibraryImport("libdl.so.2", EntryPoint = "dlerror")]
    private static partial nint Error();

    [LibraryImport("libc", EntryPoint = "gnu_get_libc_version")]
    private static partial nint GetLibcVersion();
}
