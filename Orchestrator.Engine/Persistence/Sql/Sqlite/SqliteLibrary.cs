using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Orchestrator.Engine.Persistence.Sql.Sqlite;

/// <summary>
/// Makes the managed SQLite packages use the operating system's library (Debian: <c>libsqlite3-0</c>). The binary that the packages would
/// bundle is old and has published vulnerabilities; the system's is patched with the system.
/// </summary>
internal static class SqliteLibrary
{
    private static readonly Lazy<bool> Loaded = new(Load);

    /// <summary>Must have been called before the first SQLite object is made. Throws <see cref="JournalUnusableException"/> without the library.</summary>
    public static void EnsureLoaded() => _ = Loaded.Value;

    private static bool Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return true;
    }

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != "e_sqlite3") return IntPtr.Zero;
        foreach (var candidate in (string[])["libsqlite3.so.0", "libsqlite3.dylib", "sqlite3"])
        {
            if (NativeLibrary.TryLoad(candidate, out var handle)) return handle;
        }
        throw new JournalUnusableException("SQLite's library libsqlite3.so.0 is not on this machine. Install it (Debian: apt-get install libsqlite3-0).");
    }
}
