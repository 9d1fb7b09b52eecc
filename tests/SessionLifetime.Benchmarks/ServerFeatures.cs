using System.Collections;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;

namespace SessionLifetime.Benchmarks;

/// <summary>
/// The features of a request as Kestrel keeps them: the usual ones in fields, found by comparing types one after the other, others in a
/// list. The framework's general collection is a dictionary, whose look-ups would be most of what is measured.
/// </summary>
internal sealed class ServerFeatures : IFeatureCollection
{
    private readonly List<KeyValuePair<Type, object>> _others = [];
    private object? _request;
    private object? _response;
    private object? _body;
    private object? _services;
    private object? _endpoint;
    private object? _session;
    private object? _user;
    private object? _items;

    public bool IsReadOnly => false;

    public int Revision { get; private set; }

    public object? this[Type key]
    {
        get
        {
            ref var place = ref Place(key);
            return Unsafe.IsNullRef(ref place) ? FindOther(key) : place;
        }

        set
        {
            Revision++;
            ref var place = ref Place(key);
            if (Unsafe.IsNullRef(ref place))
            {
                SetOther(key, value);
            }
            else
            {
                place = value;
            }
        }
    }

    public TFeature? Get<TFeature>() => (TFeature?)this[typeof(TFeature)];

    public void Set<TFeature>(TFeature? instance) => this[typeof(TFeature)] = instance;

    /// <summary>Begins another request.</summary>
    public void Reset(IHttpRequestFeature request, ServerAnswer answer, IServiceProvidersFeature services)
    {
        (_request, _response, _body, _services) = (request, answer, answer, services);
        (_endpoint, _session, _user, _items) = (null, null, null, null);
        _others.Clear();
        Revision++;
    }

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => throw new NotSupportedException();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private ref object? Place(Type key)
    {
        if (key == typeof(IHttpRequestFeature))
        {
            return ref _request;
        }

        if (key == typeof(IHttpResponseFeature))
        {
            return ref _response;
        }

        if (key == typeof(IHttpResponseBodyFeature))
        {
            return ref _body;
        }

        if (key == typeof(IServiceProvidersFeature))
        {
            return ref _services;
        }

        if (key == typeof(IEndpointFeature))
        {
            return ref _endpoint;
        }

        if (key == typeof(IItemsFeature))
        {
            return ref _items;
        }

        if (key == typeof(IHttpAuthenticationFeature))
        {
            return ref _user;
        }

        if (key == typeof(ISessionFeature))
        {
            return ref _session;
        }

        return ref Unsafe.NullRef<object?>();
    }

    private object? FindOther(Type type)
    {
        foreach (var (key, feature) in _others)
        {
            if (key == type)
            {
                return feature;
            }
        }

        return null;
    }

    private void SetOther(Type type, object? feature)
    {
        for (var index = 0; index < _others.Count; index++)
        {
            if (_others[index].Key == type)
            {
                _others.RemoveAt(index);
                break;
            }
        }

        if (feature is not null)
        {
            _others.Add(new(type, feature));
        }
    }
}
