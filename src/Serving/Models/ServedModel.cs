using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Serving.Models;

/// <summary>A model in memory. It stays there while anybody holds it.</summary>
internal sealed class ServedModel
{
    private readonly Lock _gate = new();
    private readonly Action<bool> _changed;
    private int _holders;
    private bool _isRetired;

    /// <param name="offer">What was loaded.</param>
    /// <param name="translator">Owned: disposed when the model is retired and nobody holds it.</param>
    /// <param name="loaded">When.</param>
    /// <param name="changed">Called when the last holder has let go (false), and when the memory has been freed (true).</param>
    public ServedModel(ModelOffer offer, Translator translator, DateTimeOffset loaded, Action<bool> changed) =>
        (Offer, Translator, Loaded, _changed) = (offer, translator, loaded, changed);

    /// <summary>What was loaded.</summary>
    public ModelOffer Offer { get; }

    /// <summary>The model and its vocabulary. To compute with by one thread at a time; the vocabulary is anybody's.</summary>
    public Translator Translator { get; }

    /// <summary>When it was loaded.</summary>
    public DateTimeOffset Loaded { get; }

    /// <summary>Greater than that of all that were called before.</summary>
    public long LastCall { get; set; }

    /// <summary>Whether nobody holds it.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return _holders == 0;
            }
        }
    }

    /// <summary>Keeps it in memory until what is returned is disposed.</summary>
    public IDisposable Hold()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isRetired && _holders == 0, this);
            _holders++;
        }
        return new Holder(this);
    }

    /// <summary>No more calls: it goes as soon as nobody holds it.</summary>
    public void Retire()
    {
        bool isFree;
        lock (_gate)
        {
            isFree = !_isRetired && _holders == 0;
            _isRetired = true;
        }
        if (isFree)
        {
            Free();
        }
    }

    private void LetGo()
    {
        bool isIdle;
        bool isFree;
        lock (_gate)
        {
            _holders--;
            isIdle = _holders == 0;
            isFree = _isRetired && isIdle;
        }
        if (isFree)
        {
            Free();
        }
        else if (isIdle)
        {
            _changed(false);
        }
    }

    private void Free()
    {
        Translator.Dispose();
        _changed(true);
    }

    private sealed class Holder(ServedModel model) : IDisposable
    {
        private ServedModel? _model = model;

        public void Dispose() => Interlocked.Exchange(ref _model, null)?.LetGo();
    }
}
