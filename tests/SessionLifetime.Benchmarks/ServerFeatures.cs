using System.Collections;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.Benchmarks;

/// <summary>
/// The features of a request as Kestrel keeps them: the usual ones in fields, others in a list. The framework's general collection is a
/// dictionary, whose look-ups would be most of what is measured.
/// </summary>
internal sealed class ServerFeatures : IFeatureCollection
{
    private readonly List<KeyValuePair<Type, object>> _others = [];
    private IHttpRequestFeature? _request;
    private IHttpResponseFeature? _response;
    private IServiceProvidersFeature? _services;
    private IEndpointFeature? _endpoint;
    private ISessionFeature? _session;
    private object? _user;
    private object? _webSocket;
    private object? _items;

    public bool IsReadOnly => false;

    public int Revision { get; private set; }

    public object? this[Type key]
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public TFeature? Get<TFeature>()
    {
        if (typeof(TFeature) == typeof(IHttpRequestFeature))
        {
            return As<TFeature>(_request);
        }

        if (typeof(TFeature) == typeof(IHttpResponseFeature))
        {
            return As<TFeature>(_response);
        }

        if (typeof(TFeature) == typeof(IServiceProvidersFeature))
        {
            return As<TFeature>(_services);
        }

        if (typeof(TFeature) == typeof(IEndpointFeature))
        {
            return As<TFeature>(_endpoint);
        }

        if (typeof(TFeature) == typeof(ISessionFeature))
        {
            return As<TFeature>(_session);
        }

        if (typeof(TFeature) == typeof(Microsoft.AspNetCore.Http.Features.Authentication.IHttpAuthenticationFeature))
        {
            return As<TFeature>(_user);
        }

        if (typeof(TFeature) == typeof(IHttpWebSocketFeature))
        {
            return As<TFeature>(_webSocket);
        }

        if (typeof(TFeature) == typeof(IItemsFeature))
        {
            return As<TFeature>(_items);
        }

        foreach (var (type, feature) in _others)
        {
            if (type == typeof(TFeature))
            {
                return (TFeature)feature;
            }
        }

        return default;
    }

    public void Set<TFeature>(TFeature? instance)
    {
        Revision++;
        if (typeof(TFeature) == typeof(IHttpRequestFeature))
        {
            _request = (IHttpRequestFeature?)instance;
        }
        else if (typeof(TFeature) == typeof(IHttpResponseFeature))
        {
            _response = (IHttpResponseFeature?)instance;
        }
        else if (typeof(TFeature) == typeof(IServiceProvidersFeature))
        {
            _services = (IServiceProvidersFeature?)instance;
        }
        else if (typeof(TFeature) == typeof(IEndpointFeature))
        {
            _endpoint = (IEndpointFeature?)instance;
        }
        else if (typeof(TFeature) == typeof(ISessionFeature))
        {
            _session = (ISessionFeature?)instance;
        }
        else if (typeof(TFeature) == typeof(Microsoft.AspNetCore.Http.Features.Authentication.IHttpAuthenticationFeature))
        {
            _user = instance;
        }
        else if (typeof(TFeature) == typeof(IHttpWebSocketFeature))
        {
            _webSocket = instance;
        }
        else if (typeof(TFeature) == typeof(IItemsFeature))
        {
            _items = instance;
        }
        else
        {
            SetOther(typeof(TFeature), instance);
        }
    }

    /// <summary>Begins another request.</summary>
    public void Reset(IHttpRequestFeature request, IHttpResponseFeature response, IServiceProvidersFeature services)
    {
        (_request, _response, _services) = (request, response, services);
        (_endpoint, _session, _user, _webSocket, _items) = (null, null, null, null, null);
        _others.Clear();
        Revision++;
    }

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => throw new NotSupportedException();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TFeature? As<TFeature>(object? feature) => Unsafe.As<object?, TFeature?>(ref feature);

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
