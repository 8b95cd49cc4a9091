namespace TorchSharp;

/// <summary>
/// Disposes every tensor made on this thread while the scope was the innermost one, except those moved or detached.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    // A tensor knows its place in the list, so that leaving a scope costs nothing; freed places stay null until the end.
    private readonly List<torch.Tensor?> _tensors = [];
    private DisposeScopeManager? _manager;
    private int _count;

    internal DisposeScope(DisposeScopeManager manager, DisposeScope? outer)
    {
        _manager = manager;
        Outer = outer;
    }

    internal DisposeScope? Outer { get; set; }

    /// <summary>What the scope would dispose now.</summary>
    public IReadOnlyList<IDisposable> DisposablesView
    {
        get
        {
            _ = Manager;
            return [.. _tensors.OfType<IDisposable>()];
        }
    }

    /// <summary>How many tensors the scope holds.</summary>
    public int DisposablesCount
    {
        get
        {
            _ = Manager;
            return _count;
        }
    }

    private DisposeScopeManager Manager => _manager ?? throw new ObjectDisposedException(nameof(DisposeScope));

    internal void Add(torch.Tensor tensor)
    {
        tensor.OwningDisposeScope = this;
        tensor.ScopeSlot = _tensors.Count;
        _tensors.Add(tensor);
        _count++;
    }

    internal bool Remove(torch.Tensor tensor)
    {
        if (tensor.OwningDisposeScope != this) return false;
        _tensors[tensor.ScopeSlot] = null;
        tensor.OwningDisposeScope = null;
        _count--;
        return true;
    }

    /// <summary>Hands a tensor to the enclosing scope, or to nobody where there is none.</summary>
    public T MoveToOuter<T>(T disposable)
        where T : IDisposable => MoveToOther(Outer, disposable);

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable => (MoveToOuter(first), MoveToOuter(second));

    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable => (MoveToOuter(first), MoveToOuter(second), MoveToOuter(third));

    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(Outer, (IEnumerable<IDisposable>)disposables);

    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(Outer, disposables);

    /// <summary>Hands a tensor of this scope to another one; null detaches it.</summary>
    public T MoveToOther<T>(DisposeScope? scope, T disposable)
        where T : IDisposable
    {
        if (scope is null) return Detach(disposable);
        _ = Manager;
        if (disposable is torch.Tensor tensor && Remove(tensor)) scope.Add(tensor);
        return disposable;
    }

    public void MoveToOther(DisposeScope? scope, params IDisposable[] disposables) =>
        MoveToOther(scope, (IEnumerable<IDisposable>)disposables);

    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables) MoveToOther(scope, disposable);
    }

    /// <summary>Takes a tensor out of all scopes: from now on its owner disposes it.</summary>
    public T Detach<T>(T disposable)
        where T : IDisposable
    {
        var manager = Manager;
        if (disposable is torch.Tensor tensor && Remove(tensor)) manager.StatisticsInstance.DetachedFromScopeCount++;
        return disposable;
    }

    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable => (Detach(first), Detach(second));

    public (T1 first, T2 second, T3 third) Detach<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable => (Detach(first), Detach(second), Detach(third));

    public void Detach(params IDisposable[] disposables) => Detach((IEnumerable<IDisposable>)disposables);

    public void Detach(IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables) Detach(disposable);
    }

    /// <summary>Makes this scope the owner of a tensor, whoever owned it before.</summary>
    public void Attach(IDisposable disposable)
    {
        _ = Manager;
        if (disposable is not torch.Tensor tensor)
            throw new InvalidOperationException("DisposeScope can only manage Tensor");
        if (tensor.OwningDisposeScope == this || tensor.IsInvalid) return;
        tensor.OwningDisposeScope?.Remove(tensor);
        Add(tensor);
    }

    /// <summary>Disposes what the scope holds now; the scope stays open.</summary>
    public void DisposeEverything() => DisposeEverythingBut();

    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        _ = Manager;
        var keep = inKeep.ToHashSet(ReferenceEqualityComparer.Instance);
        var kept = new List<torch.Tensor>();
        for (var i = 0; i < _tensors.Count; i++)
        {
            if (_tensors[i] is not { } tensor) continue;
            if (keep.Count > 0 && keep.Contains(tensor)) kept.Add(tensor);
            else tensor.Dispose();
        }
        _tensors.Clear();
        _count = 0;
        foreach (var tensor in kept) Add(tensor);
    }

    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut((IEnumerable<IDisposable>)keep);

    public T DisposeEverythingBut<T>(T keep)
        where T : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[keep]);
        return keep;
    }

    public (T1 first, T2 second) DisposeEverythingBut<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable
    {
        DisposeEverythingBut((IEnumerable<IDisposable>)[first, second]);
        return (first, second);
    }

    /// <summary>Forgets a tensor that was disposed by hand.</summary>
    public void MarkAsDisposed(IDisposable disposable)
    {
        _ = Manager;
        if (disposable is torch.Tensor tensor) Remove(tensor);
    }

    /// <summary>Whether the scope holds the tensor.</summary>
    public bool Contains(IDisposable disposable) => disposable is torch.Tensor tensor && tensor.OwningDisposeScope == this;

    /// <summary>Disposes everything the scope holds and closes it.</summary>
    public void Dispose()
    {
        if (_manager is null) return;
        DisposeEverything();
        _manager.Remove(this);
        _manager = null;
    }
}
