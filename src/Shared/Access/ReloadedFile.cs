using Microsoft.Extensions.Logging;

namespace TrainingCluster.Access;

/// <summary>
/// What a file says, read again when it is asked for and a second has passed. A file that cannot be used any more is told once, and what
/// it said before holds.
/// </summary>
/// <typeparam name="T">What it says.</typeparam>
internal sealed partial class ReloadedFile<T>
    where T : class
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly Func<string, string, T> _parse;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private string _text;
    private string _told = "";
    private T _value;
    private long _read;

    /// <param name="path">The file.</param>
    /// <param name="parse">Makes sense of its text; gets the path for messages.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of a file that cannot be used any more.</param>
    /// <exception cref="InvalidDataException">It cannot be used from the start.</exception>
    public ReloadedFile(string path, Func<string, string, T> parse, TimeProvider time, ILogger logger)
    {
        (_path, _parse, _time, _logger) = (path, parse, time, logger);
        _text = Text();
        _value = parse(_text, path);
        _read = time.GetTimestamp();
    }

    /// <summary>As the file says now.</summary>
    public T Value
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_read) >= s_interval)
                {
                    _read = _time.GetTimestamp();
                    Reload();
                }
                return _value;
            }
        }
    }

    private void Reload()
    {
        try
        {
            var text = Text();
            if (text != _text)
            {
                _value = _parse(text, _path);
                _text = text;
                LogReloaded(_path);
            }
            _told = "";
        }
        catch (InvalidDataException e)
        {
            if (e.Message != _told)
            {
                LogUnusable(e.Message);
            }
            _told = e.Message;
        }
    }

    private string Text()
    {
        try
        {
            return File.ReadAllText(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{_path} cannot be read: {e.Message}", e);
        }
    }

    [LoggerMessage(EventId = 250, Level = LogLevel.Information, Message = "{Path} has changed and was read again")]
    private partial void LogReloaded(string path);

    [LoggerMessage(EventId = 251, Level = LogLevel.Warning, Message = "{Problem}; what it said before holds")]
    private partial void LogUnusable(string problem);
}
