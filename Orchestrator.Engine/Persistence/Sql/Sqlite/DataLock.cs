using System.Globalization;

namespace Orchestrator.Engine.Persistence.Sql.Sqlite;

/// <summary>
/// The right to use one database file, held by one process: an flock on <c>FILE.lock</c>. The operating system lets it go with the process,
/// however that ends. SQLite's own locks do not serve: in WAL mode two processes may write in turn, each with its own picture of the journal.
/// </summary>
internal sealed class DataLock : IDisposable
{
    private readonly FileStream _file;

    private DataLock(FileStream file) => _file = file;

    /// <summary>Takes the lock or throws <see cref="JournalUnusableException"/> that names the holder.</summary>
    public static DataLock Acquire(string path)
    {
        var lockPath = path + ".lock";
        // Beside the lock, because .NET lets nobody read a file that is locked.
        var pidPath = path + ".pid";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // FileShare.None is what makes .NET take the exclusive flock.
            var file = new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
            File.WriteAllText(pidPath, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new DataLock(file);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new JournalUnusableException($"{lockPath} cannot be written ({error.Message}) Check that the folder belongs to this user.", error);
        }
        catch (IOException error)
        {
            var holder = File.Exists(pidPath) ? $"by process {File.ReadAllText(pidPath)}" : "by another process";
            throw new JournalUnusableException(
                $"{path} is in use {holder} ({error.Message}) Stop that process first (orchestrator down), or choose another data directory.", error);
        }
    }

    public void Dispose() => _file.Dispose();
}
